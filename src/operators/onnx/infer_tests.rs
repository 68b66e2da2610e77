use super::*;
use crate::operators::onnx::proto::Attribute;

fn node(op_type: &str, attributes: &[(&str, &[i64])], inputs: usize) -> Node {
    let attribute = |&(name, ints): &(&str, &[i64])| Attribute {
        name: name.into(),
        i: ints.first().copied(),
        ints: ints.to_vec(),
        ..Attribute::default()
    };
    Node {
        op_type: op_type.into(),
        input: (0..inputs).map(|place| place.to_string()).collect(),
        output: vec!["y".into()],
        attribute: attributes.iter().map(attribute).collect(),
        ..Node::default()
    }
}

fn shape(op_type: &str, attributes: &[(&str, &[i64])], values: &[Value]) -> Option<Vec<u64>> {
    let values: Vec<&Value> = values.iter().collect();
    infer(&node(op_type, attributes, values.len()), &values).into_iter().next()?.shape
}

fn of(shape: &[u64]) -> Value {
    Value::of(shape)
}

fn list(ints: &[i64]) -> Value {
    Value::list(ints.to_vec())
}

/// As ONNX's documentation of each operator has it.
#[test]
fn shapes_by_hand() {
    let x = || of(&[2, 3, 4]);
    assert_eq!(shape("Reshape", &[], &[x(), list(&[0, -1])]), Some(vec![2, 12]));
    assert_eq!(shape("Reshape", &[], &[x(), list(&[5, -1])]), None);
    assert_eq!(shape("Transpose", &[("perm", &[2, 0, 1])], &[x()]), Some(vec![4, 2, 3]));
    assert_eq!(shape("Gather", &[("axis", &[1])], &[x(), of(&[])]), Some(vec![2, 4]));
    assert_eq!(shape("Gather", &[("axis", &[-1])], &[x(), of(&[5, 6])]), Some(vec![2, 3, 5, 6]));
    assert_eq!(
        shape("Slice", &[], &[x(), list(&[1]), list(&[i64::MAX]), list(&[-1]), list(&[2])]),
        Some(vec![2, 3, 2])
    );
    assert_eq!(
        shape("Slice", &[], &[x(), list(&[-1]), list(&[i64::MIN]), list(&[1]), list(&[-1])]),
        Some(vec![2, 3, 4])
    );
    assert_eq!(shape("Concat", &[("axis", &[1])], &[x(), of(&[2, 5, 4])]), Some(vec![2, 8, 4]));
    assert_eq!(shape("Squeeze", &[], &[of(&[1, 3, 1])]), Some(vec![3]));
    assert_eq!(shape("Unsqueeze", &[], &[x(), list(&[0, -1])]), Some(vec![1, 2, 3, 4, 1]));
    assert_eq!(shape("MatMul", &[], &[of(&[7, 1, 3, 4]), of(&[5, 4, 6])]), Some(vec![7, 5, 3, 6]));
    assert_eq!(shape("MatMul", &[], &[x(), of(&[4])]), Some(vec![2, 3]));
    assert_eq!(shape("ReduceMean", &[("axes", &[-1]), ("keepdims", &[0])], &[x()]), Some(vec![2, 3]));
    assert_eq!(shape("Pad", &[], &[x(), list(&[0, 1, 0, 0, 0, 2])]), Some(vec![2, 4, 6]));
    assert_eq!(shape("Flatten", &[("axis", &[3])], &[x()]), Some(vec![24, 1]));
    assert_eq!(shape("Where", &[], &[of(&[3, 1]), of(&[1]), of(&[2, 1, 4])]), Some(vec![2, 3, 4]));
}

/// A kernel of 3 with holes of 1 spans 5; of 9 + 2 places it begins at 1, 3, 5 and 7.
#[test]
fn windows() {
    let attributes: [(&str, &[i64]); 3] = [("strides", &[2]), ("dilations", &[2]), ("pads", &[1, 1])];
    assert_eq!(shape("Conv", &attributes, &[of(&[1, 4, 9]), of(&[6, 4, 3])]), Some(vec![1, 6, 4]));
    assert_eq!(shape("MaxPool", &[("kernel_shape", &[2, 2])], &[of(&[1, 4, 8, 8])]), Some(vec![1, 4, 7, 7]));
    assert_eq!(shape("Conv", &[("strides", &[0])], &[of(&[1, 4, 9]), of(&[6, 4, 3])]), None);
}

#[test]
fn nothing_follows_from_what_is_not_known() {
    assert_eq!(shape("Add", &[], &[of(&[2]), Value::default()]), None);
    assert_eq!(shape("Reshape", &[], &[of(&[2]), of(&[1])]), None);
    assert_eq!(shape("Gather", &[("axis", &[7])], &[of(&[2]), of(&[])]), None);
    assert_eq!(shape("Unheard", &[], &[of(&[2])]), None);
}
