import type { ICommandHooks } from 'aws-cdk-lib/aws-lambda-nodejs';
import type { Construct } from 'constructs';
import { ServiceFunction, type ServiceFunctionProps } from './service-function';

/** The platform of the function: of the five that the package brings, only its binary goes along (26 MB of 250 allowed). */
const platform = 'linux/arm64';

/**
 * Copies ONNX Runtime beside the bundle by hand. `nodeModules` would install the package again, for the machine that
 * deploys, with every platform's binary, and run its download script.
 */
const copyOnnxRuntime: ICommandHooks = {
  beforeBundling: () => [],
  beforeInstall: () => [],
  afterBundling(projectRoot, output) {
    const [from, to] = [`${projectRoot}/node_modules`, `${output}/node_modules`];
    const binaries = `onnxruntime-node/bin/napi-v6/${platform}`;
    return [
      `mkdir -p ${to}/onnxruntime-common/dist ${to}/${binaries}`,
      `cp -R ${from}/onnxruntime-node/package.json ${from}/onnxruntime-node/dist ${to}/onnxruntime-node/`,
      `cp -R ${from}/${binaries}/. ${to}/${binaries}/`,
      `cp -R ${from}/onnxruntime-common/package.json ${to}/onnxruntime-common/`,
      `cp -R ${from}/onnxruntime-common/dist/cjs ${from}/onnxruntime-common/dist/esm ${to}/onnxruntime-common/dist/`,
    ];
  },
};

/** The function that serves predictions: the only one that carries ONNX Runtime. */
export class PredictFunction extends ServiceFunction {
  constructor(scope: Construct, id: string, props: Omit<ServiceFunctionProps, 'name' | 'bundling'>) {
    super(scope, id, {
      ...props,
      name: 'predict',
      bundling: {
        externalModules: ['onnxruntime-node', 'onnxruntime-common'],
        commandHooks: copyOnnxRuntime,
      },
    });
  }
}
