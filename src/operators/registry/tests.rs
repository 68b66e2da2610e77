use super::*;

fn of(name: &str, operands: &[&[u64]], results: &[&[u64]], attributes: &Attributes) -> Option<Counted> {
    let owned = |shapes: &[&[u64]]| shapes.iter().map(|s| s.to_vec()).collect::<Vec<_>>();
    work(name, &Shapes { operands: &owned(operands), results: &owned(results), attributes })
}

fn counted(name: &str, operands: &[&[u64]], results: &[&[u64]]) -> Work {
    of(name, operands, results, &Attributes::default()).unwrap().unwrap()
}

fn macs(name: &str, operands: &[&[u64]]) -> Count {
    counted(name, operands, &[]).macs
}

/// By hand: ViT-B-32's patch embedding, qkv and scores, and torch's spellings of the same.
#[test]
fn products_count_their_macs() {
    assert_eq!(macs("conv2d", &[&[1, 3, 224, 224], &[768, 3, 32, 32]]), 115_605_504);
    assert_eq!(macs("linear", &[&[1, 50, 768], &[2304, 768]]), 88_473_600);
    assert_eq!(macs("addmm", &[&[2304], &[50, 768], &[768, 2304]]), 88_473_600);
    assert_eq!(macs("matmul", &[&[12, 50, 64], &[12, 64, 50]]), 1_920_000);
    assert_eq!(macs("baddbmm", &[&[12, 50, 50], &[12, 50, 64], &[12, 64, 50]]), 1_920_000);
    assert_eq!(macs("mm", &[&[1, 768], &[768, 512]]), 393_216);
    assert_eq!(macs("layer_norm", &[&[50, 768]]), 0);
    // Vectors, and a batch that repeats.
    assert_eq!(macs("dot", &[&[5], &[5]]), 5);
    assert_eq!(macs("mv", &[&[3, 5], &[5]]), 15);
    assert_eq!(macs("matmul", &[&[2, 1, 3, 5], &[7, 5, 4]]), 2 * 7 * 3 * 5 * 4);
    assert_eq!(macs("matmul", &[&[3, 5], &[7, 5, 4]]), 7 * 3 * 5 * 4);
}

/// A result of 6 x 6 with 4 channels of 9 taps over 2 channels each: two groups of 4 channels.
#[test]
fn convolutions_count_what_they_sum() {
    let (input, weight, result): (&[u64], &[u64], &[u64]) = (&[1, 4, 8, 8], &[4, 2, 3, 3], &[1, 4, 6, 6]);
    let forward = counted("convolution", &[input, weight], &[result]);
    assert_eq!((forward.macs, forward.elements), (144 * 18, 144));
    let transposed = Attributes { transposed: true, ..Attributes::default() };
    let work = of("convolution", &[input, weight], &[&[1, 4, 10, 10]], &transposed).unwrap().unwrap();
    assert_eq!((work.macs, work.elements), (256 * 18, 400));
    let both = Attributes { output_mask: vec![true, true, false], ..Attributes::default() };
    let work = of("convolution_backward", &[result, input, weight], &[], &both).unwrap().unwrap();
    assert_eq!(work.macs, 2 * 144 * 18);
}

/// 12 heads of 64 on 50 tokens: both products by hand, and the fast path with its projections.
#[test]
fn fused_attention_has_its_parts() {
    let heads: &[u64] = &[1, 12, 50, 64];
    let fused = counted("_scaled_dot_product_flash_attention_for_cpu", &[heads, heads, heads], &[]);
    assert_eq!(fused.parts, [("qk", 1_920_000), ("av", 1_920_000)]);
    assert_eq!((fused.macs, fused.elements), (3_840_000, 12 * 50 * 64));
    let x: &[u64] = &[1, 50, 768];
    let fast = counted("_native_multi_head_attention", &[x, x, x, &[2304, 768], &[2304], &[768, 768], &[768]], &[]);
    assert_eq!(fast.parts, [("qkv", 88_473_600), ("qk", 1_920_000), ("av", 1_920_000), ("out", 29_491_200)]);
    assert_eq!(fast.macs, 88_473_600 + 3_840_000 + 29_491_200);
}

#[test]
fn integers_are_no_floating_point() {
    let integer = Attributes { integer: true, ..Attributes::default() };
    let work = of("mm", &[&[2, 3], &[3, 4]], &[], &integer).unwrap().unwrap();
    assert_eq!((work.kind, work.macs), (Kind::Move, 0));
    let complex = Attributes { complex: true, ..Attributes::default() };
    assert!(of("mm", &[&[2, 3], &[3, 4]], &[], &complex).unwrap().unwrap_err().contains("complex"));
}

#[test]
fn shapes_that_do_not_fit_are_problems() {
    let problem = |name, operands: &[&[u64]]| of(name, operands, &[], &Attributes::default()).unwrap().unwrap_err();
    assert!(problem("linear", &[&[50, 768], &[2304, 767]]).contains("768 and 767"));
    assert!(problem("matmul", &[&[12, 50, 64], &[11, 64, 50]]).contains("batches"));
    assert!(problem("conv2d", &[&[1, 3, 8, 8], &[4, 3, 0, 2]]).contains("size 0"));
    assert!(problem("mm", &[&[u64::MAX, u64::MAX], &[u64::MAX, 9]]).contains("2^128"));
    assert!(problem("mm", &[&[3, 4]]).contains("2 shapes are needed, 1 given"));
    assert!(problem("scaled_dot_product_attention", &[&[1, 2, 3], &[1, 2, 4], &[1, 2, 3]]).contains("3 and 4"));
    assert!(problem("convolution_backward", &[&[1], &[1], &[1]]).contains("output mask"));
    assert!(of("fft", &[], &[], &Attributes::default()).is_none());
}
