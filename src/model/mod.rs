//! CLIP configurations of any dialect -> one `ClipSpec` -> terms and parameters.
