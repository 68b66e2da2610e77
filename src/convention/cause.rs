//! Why a count is not the true one.

use crate::model::terms::{Kind, Role, Term, Tower};

/// A reason for a difference between two counts. The order is the order in a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// A multiply-accumulate counts as one operation.
    MacOnce,
    /// A sum of k products counts k - 1 additions.
    AddsOneFewer,
    /// A product is met at two levels and counted at both.
    SeenTwice,
    /// Functions that an earlier profile replaced count once more.
    EarlierProfiles,
    /// Weights count once, not once for each token.
    WeightsOnce,
    TowerNotRun(Tower),
    AttentionProjections,
    AttentionProducts,
    Mlp,
    PatchEmbedding,
    FinalProjection,
    ClassTokenLeftOut,
    MlpCoefficient,
    TextDepthNotRead,
    TextLengthNotRead,
    MlpRatioNotRead,
    MlpRatioOfImageOnText,
    MlpWidthNotTruncated,
    MlpGateNotRead,
    /// A tower's blocks are taken for GPT's.
    TakenForGpt,
    ParametersTimesTokens,
    /// The numbers of the model's main input are taken for a tower's tokens.
    MainInputForTokens,
    VocabularyLogits,
    /// What a network that is no transformer is made of.
    Convolutions,
    LinearMaps,
    /// A linear layer counts as its tokens times its tokens.
    TokensForWidths,
    /// Element-wise work of this kind is counted.
    ElementWork(Kind),
    /// Arithmetic on single numbers is counted.
    SingleNumbers,
    Biases,
    EmbeddingTables,
    FinalNormOnAllTokens,
    Logits,
    BackwardPass,
    Recomputation,
}

impl Cause {
    /// Why a product of this role is missing from a count that ran its tower.
    pub fn uncounted(role: Role) -> Cause {
        match role {
            Role::Qkv | Role::Out | Role::AttnGate => Cause::AttentionProjections,
            Role::Scores | Role::Values => Cause::AttentionProducts,
            Role::Fc1 | Role::Fc2 => Cause::Mlp,
            Role::Proj => Cause::FinalProjection,
            Role::Conv => Cause::Convolutions,
            Role::Linear => Cause::LinearMaps,
            _ => Cause::PatchEmbedding,
        }
    }

    /// Why an element-wise term has a count at all.
    pub fn element_work(term: &Term) -> Cause {
        if term.role.is_bias() { Cause::Biases } else { Cause::ElementWork(term.kind) }
    }

    /// Stays the same between versions.
    pub fn slug(self) -> String {
        let fixed = match self {
            Cause::MacOnce => "mac-counted-once",
            Cause::AddsOneFewer => "adds-one-fewer",
            Cause::SeenTwice => "product-counted-twice",
            Cause::EarlierProfiles => "counted-again-by-earlier-profiles",
            Cause::WeightsOnce => "weights-counted-once",
            Cause::TowerNotRun(tower) => return format!("{}-tower-not-run", tower.name()),
            Cause::AttentionProjections => "attention-projections-not-counted",
            Cause::AttentionProducts => "attention-products-not-counted",
            Cause::Mlp => "mlp-not-counted",
            Cause::PatchEmbedding => "patch-embedding-not-counted",
            Cause::FinalProjection => "final-projection-not-counted",
            Cause::ClassTokenLeftOut => "class-token-left-out",
            Cause::MlpCoefficient => "mlp-coefficient",
            Cause::TextDepthNotRead => "text-depth-not-read",
            Cause::TextLengthNotRead => "text-length-not-read",
            Cause::MlpRatioNotRead => "mlp-ratio-not-read",
            Cause::MlpRatioOfImageOnText => "mlp-ratio-of-image-tower-on-text",
            Cause::MlpWidthNotTruncated => "mlp-width-not-truncated",
            Cause::MlpGateNotRead => "mlp-gate-not-read",
            Cause::TakenForGpt => "taken-for-gpt",
            Cause::ParametersTimesTokens => "parameters-times-tokens",
            Cause::MainInputForTokens => "main-input-taken-for-tokens",
            Cause::VocabularyLogits => "vocabulary-logits",
            Cause::BackwardPass => "backward-pass",
            Cause::Recomputation => "recomputation",
            Cause::Convolutions => "convolutions-not-counted",
            Cause::LinearMaps => "linear-maps-not-counted",
            Cause::ElementWork(kind) => return format!("{}-counted", kind.name().replace('_', "-")),
            Cause::TokensForWidths => "tokens-taken-for-widths",
            Cause::SingleNumbers => "single-numbers-counted",
            Cause::Biases => "bias-counted",
            Cause::EmbeddingTables => "embedding-tables-counted",
            Cause::FinalNormOnAllTokens => "final-norm-on-all-tokens",
            Cause::Logits => "logits-counted",
        };
        fixed.into()
    }

    /// In plain words; `who` is the count, or the two counts, that it is about.
    pub fn text(self, who: &str) -> String {
        match self {
            Cause::MacOnce => format!("counted once instead of twice by {who}: a multiply-accumulate is 2 FLOPs"),
            Cause::AddsOneFewer => format!("a sum of k products counted as k - 1 additions by {who}, not k"),
            Cause::SeenTwice => {
                format!("linear layers met twice by {who}: as the module and as the operator inside it")
            }
            Cause::EarlierProfiles => {
                format!(
                    "functions that earlier profiles of the process replaced, and never put back, counted again by {who}"
                )
            }
            Cause::WeightsOnce => {
                format!("weights and biases counted once by {who}, not once for each token that meets them")
            }
            Cause::TowerNotRun(tower) => format!("{} tower not run by {who}", tower.name()),
            Cause::AttentionProjections => format!("attention projections (qkv, out) not seen by {who}"),
            Cause::AttentionProducts => format!("attention products (QK^T and AV) not seen by {who}"),
            Cause::Mlp => format!("MLP not seen by {who}"),
            Cause::PatchEmbedding => format!("patch embedding (a convolution) not seen by {who}"),
            Cause::FinalProjection => format!("final projection into the embedding space not seen by {who}"),
            Cause::ClassTokenLeftOut => format!("class token left out by {who}: it takes (image / patch)^2 tokens"),
            Cause::MlpCoefficient => {
                format!("MLP counted twice by {who}: its coefficient is 8, two products make 4")
            }
            Cause::TextDepthNotRead => {
                format!("text depth not read by {who}: it looks for num_hidden_layers or num_layers, else takes 12")
            }
            Cause::TextLengthNotRead => {
                format!("text length not read by {who}: it takes a key that this model does not go by, else 77")
            }
            Cause::MlpRatioNotRead => format!("MLP width not read by {who}: it takes mlp_ratio, else 4"),
            Cause::MlpRatioOfImageOnText => {
                format!("MLP ratio of the image tower applied to the text tower by {who}")
            }
            Cause::MlpWidthNotTruncated => {
                format!("width x mlp_ratio taken as it is by {who}; the model truncates it to a whole number")
            }
            Cause::MlpGateNotRead => {
                format!("the third map of a gated MLP not read by {who}: it takes every MLP for two maps")
            }
            Cause::TakenForGpt => {
                format!("blocks taken for GPT's by {who}: an MLP of two maps between the width and 4 times that")
            }
            Cause::ParametersTimesTokens => {
                format!("every learnt number taken for a multiply-accumulate of every token by {who}")
            }
            Cause::MainInputForTokens => format!(
                "numbers of the main input (the text's tokens, or an image tower's pixels) taken for this tower's \
                 tokens by {who}"
            ),
            Cause::VocabularyLogits => {
                format!("a score for each word of the vocabulary counted by {who}: CLIP's text ends in an embedding")
            }
            Cause::BackwardPass => format!("backward pass counted by {who}: twice the forward one"),
            Cause::Recomputation => format!("forward pass of the blocks computed once more by {who}"),
            Cause::Convolutions => format!("convolutions not seen by {who}"),
            Cause::LinearMaps => format!("linear maps that run as functions not seen by {who}"),
            Cause::ElementWork(kind) => {
                format!("{} counted by {who}: no matrix product", kind.name().replace('_', " "))
            }
            Cause::TokensForWidths => format!(
                "linear layers counted as tokens x tokens by {who}: it takes the length of a sequence for both widths"
            ),
            Cause::SingleNumbers => {
                format!("arithmetic on shapes and single numbers counted by {who}: no matrix product")
            }
            Cause::Biases => format!("additions of biases counted by {who}: no matrix product"),
            Cause::EmbeddingTables => {
                format!("embedding tables counted by {who}, every number once: looking up a row is no arithmetic")
            }
            Cause::FinalNormOnAllTokens => {
                format!("last layer norm counted on all image tokens by {who}, not on the pooled one")
            }
            Cause::Logits => format!("logits (image embedding x text embedding) counted by {who}"),
        }
    }
}
