//! `flopledger explain`: the ledger between two counts of a model.

use super::{diff, results};
use crate::Result;
use crate::ledger::explain::{Side, explain};
use crate::report::{Explained, Standard};

/// Why two counts of one model differ, or two results: the ledger from one to the other, cause by cause
///
/// A count is named name[@setting][:tower], e.g. thop, thop@hf:image, fvcore@open_clip-torch2,
/// flop-counter:text; analytic is the true count, seed-formula a widely copied formula script
/// (4hs^2 + 8h(hr)s a layer). A number with its unit, e.g. 116.5Gmac, stands for itself: then the residual shows what no cause explains.
///
/// The ledger reconciles the numbers as they are printed, MACs with FLOPs where the two counts
/// have different units. Two files of results are compared as `flopledger diff` does. --unit mac takes
/// the true count in MACs. Without a model, the preset ViT-L-14-336 is explained.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  flopledger explain thop analytic --preset ViT-L-14-336
  flopledger explain 0.514Tflop seed-formula
  flopledger explain before.json after.json")]
pub struct Args {
    /// The count to start from
    from: String,
    /// The count to end at
    to: String,
    #[command(flatten)]
    model: super::model_args::ModelArgs,
    #[command(flatten)]
    html: super::html_args::HtmlArgs,
    #[command(flatten)]
    output: super::Output,
}

/// The model that the question "which of the three numbers is right?" was first asked about.
const DEFAULT_MODEL: &str = "ViT-L-14-336";

pub fn run(args: Args) -> Result<u8> {
    if let (Some(from), Some(to)) = (results::named(&args.from), results::named(&args.to)) {
        return diff::print(from, to, &args.output, &args.html);
    }
    let unit = args.output.unit();
    let from = Side::parse(&args.from)?.in_unit(unit);
    let to = Side::parse(&args.to)?.in_unit(unit);
    let spec = args.model.load_or(DEFAULT_MODEL)?;
    let (sink, page) = (args.output.open(Standard::Stdout)?, args.html.open()?);
    let explanation = explain(&spec, &from, &to)?;
    sink.print(&Explained(&explanation))?;
    page.write(&Explained(&explanation))?;
    Ok(0)
}
