#!/usr/bin/env python3
"""Makes the models of this folder: `operators.onnx` from nothing, `tiny.onnx` from one that
`clip_onnx.py --export` made of the preset tiny, without the data of its weights.

usage: make.py EXPORTED.onnx
"""
import sys

import onnx
from onnx import TensorProto, helper

FLOAT = TensorProto.FLOAT


def weight(name, dims):
    return TensorProto(name=name, data_type=FLOAT, dims=dims)


def operators():
    """A convolution in two groups, a function of the model's own that multiplies twice, an LSTM."""
    gemm = helper.make_node("Gemm", ["x", "w"], ["y"])
    gemm.attribute.append(onnx.AttributeProto(name="transB", ref_attr_name="turned", type=onnx.AttributeProto.INT))
    again = helper.make_node("Gemm", ["y", "v"], ["z"])
    again.attribute.append(onnx.AttributeProto(name="transB", ref_attr_name="turned", type=onnx.AttributeProto.INT))
    opset = [helper.make_opsetid("", 20), helper.make_opsetid("test", 1)]
    function = helper.make_function("test", "Twice", ["x", "w", "v"], ["z"], [gemm, again], opset[:1], ["turned"])
    nodes = [
        helper.make_node("Conv", ["image", "kernel"], ["places"], group=2, strides=[2, 2], pads=[1, 1, 1, 1], name="conv"),
        helper.make_node("Flatten", ["places"], ["flat"]),
        helper.make_node("Twice", ["flat", "w", "v"], ["scores"], domain="test", turned=1, name="twice"),
        helper.make_node("LSTM", ["sequence", "lw", "lr"], ["states"], hidden_size=2),
    ]
    values = [
        helper.make_tensor_value_info("image", FLOAT, ["batch", 4, 9, 9]),
        helper.make_tensor_value_info("sequence", FLOAT, [5, 1, 3]),
    ]
    outputs = [helper.make_tensor_value_info(name, FLOAT, None) for name in ("scores", "states")]
    weights = [("kernel", [6, 2, 3, 3]), ("w", [7, 150]), ("v", [3, 7]), ("lw", [1, 8, 3]), ("lr", [1, 8, 2])]
    graph = helper.make_graph(nodes, "operators", values, outputs, [weight(*w) for w in weights])
    return helper.make_model(graph, opset_imports=opset, functions=[function])


def without_weights(model):
    for tensor in model.graph.initializer:
        if tensor.data_type == FLOAT:
            tensor.ClearField("raw_data")
            tensor.ClearField("float_data")
    return model


if __name__ == "__main__":
    onnx.save(operators(), "operators.onnx")
    onnx.save(without_weights(onnx.load(sys.argv[1])), "tiny.onnx")
