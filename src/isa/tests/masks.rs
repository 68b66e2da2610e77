use iced_x86::Register;

use super::super::{Marker, active_lanes, classify, marker};
use super::{decode, decode_hex};

fn active(hex: &str, mask: u64) -> u64 {
    active_lanes(&classify(&decode_hex(hex)).unwrap().class, mask)
}

#[test]
fn active_lanes_are_the_mask_bits_below_the_width() {
    // vaddps zmm0{k1}, zmm1, zmm2
    assert_eq!(active("62 f1 74 49 58 c2", 0), 0);
    assert_eq!(active("62 f1 74 49 58 c2", 0x8001), 2);
    assert_eq!(active("62 f1 74 49 58 c2", 0xffff_ffff_fffe_0001), 1);
    assert_eq!(active("62 f1 74 49 58 c2", u64::MAX), 16);
    // vaddph zmm0{k1}, zmm1, zmm2
    assert_eq!(active("62 f5 74 49 58 c2", u64::MAX), 32);
    // vaddsd xmm0{k3}, xmm1, xmm2
    assert_eq!(active("62 f1 f7 0b 58 c2", 0b110), 0);
    assert_eq!(active("62 f1 f7 0b 58 c2", 0b111), 1);
}

#[test]
fn without_a_mask_all_lanes_are_active() {
    // vaddps zmm0, zmm1, zmm2; addsd xmm0, xmm1
    assert_eq!(active("62 f1 74 48 58 c2", 0), 16);
    assert_eq!(active("f2 0f 58 c1", 0), 1);
}

#[test]
fn each_mask_register_is_named() {
    let masks = [Register::K1, Register::K2, Register::K3, Register::K4, Register::K5, Register::K6, Register::K7];
    for (number, expected) in (1..).zip(masks) {
        let vaddps = [0x62, 0xf1, 0x74, 0x48 | number, 0x58, 0xc2];
        let classified = classify(&decode(&vaddps)).unwrap();
        assert!(classified.class.masked);
        assert_eq!(classified.mask, Some(expected));
    }
}

#[test]
fn markers() {
    assert_eq!(marker(&decode(b"\x0f\x1f\x84\x00FLGB")), Some(Marker::Begin));
    assert_eq!(marker(&decode(b"\x0f\x1f\x84\x00FLGE")), Some(Marker::End));
    assert_eq!((Marker::BEGIN, Marker::END), (0x4247_4c46, 0x4547_4c46));
}

#[test]
fn other_nops_are_no_markers() {
    let others: [&[u8]; 7] = [
        b"\x90",
        b"\x0f\x1f\x84\x00\x00\x00\x00\x00",
        b"\x0f\x1f\x84\x00FLGC",
        b"\x0f\x1f\x84\x40FLGB",     // index scaled by 2
        b"\x0f\x1f\x84\x08FLGB",     // index rcx
        b"\x66\x0f\x1f\x84\x00FLGB", // a word
        b"\x2e\x0f\x1f\x84\x00FLGB", // a segment
    ];
    for bytes in others {
        assert_eq!(marker(&decode(bytes)), None, "{bytes:02x?}");
    }
    // mov eax, [rax+rax+imm32]
    assert_eq!(marker(&decode(b"\x8b\x84\x00FLGB")), None);
}
