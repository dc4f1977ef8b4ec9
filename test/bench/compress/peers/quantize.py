"""Other quantizers, used as their documentation says: `quantize.py METHOD MODEL RESULT CALIBRATION`.

CALIBRATION is a JSON file: `[{name, type, dims, path}]`, every input's rows as they lie in memory.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

BATCH = 16

# TensorProto.FLOAT: what ONNX's shape inference cannot tell of operators of other domains
UNTOLD = {"DefaultTensorType": 1}


def read_rows(calibration):
    inputs = json.loads(Path(calibration).read_text(encoding="utf-8"))
    return {one["name"]: np.fromfile(one["path"], dtype=one["type"]).reshape(one["dims"]) for one in inputs}


class Rows:
    """What ONNX Runtime calls a calibration data reader."""

    def __init__(self, rows):
        count = len(next(iter(rows.values())))
        self.batches = iter(
            {name: values[start : start + BATCH] for name, values in rows.items()} for start in range(0, count, BATCH)
        )

    def get_next(self):
        return next(self.batches, None)


def preprocessed(model, folder):
    from onnxruntime.quantization.shape_inference import quant_pre_process

    path = str(Path(folder) / "preprocessed.onnx")
    quant_pre_process(model, path, skip_symbolic_shape=True)
    return path


def ort_dynamic(model, result, _, folder):
    from onnxruntime.quantization import quantize_dynamic

    quantize_dynamic(preprocessed(model, folder), result, per_channel=True, extra_options=UNTOLD)


def per_channel_if_it_can(quantize):
    """ONNX Runtime's own static quantizer stumbles over some biases where every channel has a scale."""
    try:
        quantize(True)
    except Exception as error:
        print(f"once more with a scale per tensor: {error}", file=sys.stderr)
        quantize(False)


def ort_static(model, result, calibration, folder):
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    path = preprocessed(model, folder)
    per_channel_if_it_can(
        lambda per_channel: quantize_static(
            path,
            result,
            Rows(read_rows(calibration)),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=per_channel,
            extra_options=UNTOLD,
        )
    )


def ort_int4(model, result, *_):
    import onnx
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    quantizer = MatMulNBitsQuantizer(onnx.load(model), block_size=32, is_symmetric=False, accuracy_level=4)
    quantizer.process()
    onnx.save(quantizer.model.model, result)


def olive(name, config, model, result, folder):
    from olive.hardware.accelerator import AcceleratorSpec
    from olive.model import ONNXModelHandler
    from olive.passes.olive_pass import create_pass_from_dict

    module = __import__(f"olive.passes.onnx.{name[0]}", fromlist=[name[1]])
    accelerator = AcceleratorSpec(accelerator_type="cpu", execution_provider="CPUExecutionProvider")
    step = create_pass_from_dict(getattr(module, name[1]), config, disable_search=True, accelerator_spec=accelerator)
    made = step.run(ONNXModelHandler(model_path=model), str(Path(folder) / "made"))
    shutil.copyfile(made.model_path, result)


def olive_dynamic(model, result, _, folder):
    config = {"precision": "int8", "per_channel": True, "extra_options": UNTOLD}
    olive(("quantization", "OnnxDynamicQuantization"), config, model, result, folder)


def olive_static(model, result, calibration, folder):
    from olive.data.config import DataComponentConfig, DataConfig
    from olive.data.registry import Registry
    from torch.utils.data import Dataset

    rows = read_rows(calibration)

    class Calibration(Dataset):
        def __len__(self):
            return len(next(iter(rows.values())))

        def __getitem__(self, index):
            return {name: values[index] for name, values in rows.items()}, 0

    Registry.register_dataset("ingot_calibration")(lambda **_: Calibration())
    data = DataConfig(
        name="calibration",
        load_dataset_config=DataComponentConfig(type="ingot_calibration"),
        pre_process_data_config=DataComponentConfig(type="skip_pre_process"),
        dataloader_config=DataComponentConfig(params={"batch_size": BATCH}),
    )
    config = {"data_config": data, "precision": "int8", "activation_type": "uint8", "extra_options": UNTOLD}
    step = ("quantization", "OnnxStaticQuantization")
    per_channel_if_it_can(
        lambda per_channel: olive(step, {**config, "per_channel": per_channel}, model, result, folder)
    )


def olive_int4(model, result, _, folder):
    config = {"bits": 4, "block_size": 32, "is_symmetric": False}
    olive(("rtn_quantization", "OnnxBlockWiseRtnQuantization"), config, model, result, folder)


METHODS = {
    method.__name__: method for method in (ort_dynamic, ort_static, ort_int4, olive_dynamic, olive_static, olive_int4)
}

if __name__ == "__main__":
    _, method, model, result, calibration = sys.argv
    with tempfile.TemporaryDirectory() as folder:
        METHODS[method](model, result, calibration, folder)
