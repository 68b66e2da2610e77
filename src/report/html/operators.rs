//! Operators: what the model promises, what ran, what was executed.

use super::bars::Bars;
use super::page::{Block, Section, number, text};
use crate::ledger::reconcile::OperatorCount;
use crate::units::{Amount, grouped};

/// Bars that are worth a reader's time; the table has the others.
const TOP: usize = 16;

pub fn section(operators: &[OperatorCount]) -> Option<Section> {
    let most = operators.iter().map(|row| row.analytic.max(row.operators).max(row.executed)).max()?;
    let mut foremost: Vec<&OperatorCount> = operators.iter().collect();
    foremost.sort_by_key(|row| std::cmp::Reverse(row.executed.max(row.analytic)));
    let mut bars = Bars::up_to(most);
    for row in foremost.iter().take(TOP) {
        let series = [
            ("analytic", "analytic", row.analytic),
            ("operators", "operators", row.operators),
            ("executed", "executed", row.executed),
        ];
        bars.row(row.path.clone(), "FLOPs", beyond(row), &series);
    }
    let cells = |row: &OperatorCount| {
        let counts = [row.analytic, row.operators, row.predicted, row.executed].map(|flops| grouped(flops as Amount));
        let intensity = row.intensity.map_or_else(|| "not known".into(), |intensity| format!("{intensity:.2}"));
        let last = [grouped(row.residual), intensity];
        [row.path.clone(), row.kind.to_owned(), grouped(row.calls.into())]
            .into_iter()
            .chain(counts)
            .chain(last)
            .collect()
    };
    Some(Section {
        title: "Operators".into(),
        lead: "The same place of the model, counted three ways; all layers together.".into(),
        legend: vec![
            ("analytic", "analytic: the configuration's products".into()),
            ("operators", "operators: the products that ran".into()),
            ("executed", "executed: FLOPs of the processor's instructions".into()),
        ],
        blocks: vec![
            Block::Rows { rows: bars.rows, axis: String::new() },
            Block::Table {
                title: format!("All {} in numbers, in the order in which they ran", operators.len()),
                folded: true,
                columns: vec![
                    text("operator"),
                    text("kind"),
                    number("calls"),
                    number("analytic FLOPs"),
                    number("operator FLOPs"),
                    number("predicted FLOPs"),
                    number("executed FLOPs"),
                    number("residual"),
                    number("FLOPs a byte"),
                ],
                rows: operators.iter().map(cells).collect(),
            },
        ],
        source: "Analytic: 2 x MACs from the configuration. Operators: 2 x MACs from the shapes in the workload's trace. \
                 Executed: instructions counted in the operator's regions. The numbers beside the bars are those executed."
            .into(),
    })
}

/// What an operator executes beyond its products.
fn beyond(row: &OperatorCount) -> String {
    let calls = if row.calls == 1 { "1 call".into() } else { format!("{} calls", grouped(row.calls.into())) };
    match row.operators {
        0 => format!("{}, {calls}", row.kind),
        products => {
            let more = 100.0 * (row.executed as f64 / products as f64 - 1.0);
            format!("{}, {calls}, {more:+.1} % beyond its products", row.kind)
        }
    }
}
