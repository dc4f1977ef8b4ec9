// The layers of the house; each rule says why it holds.
const forbid = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

export default {
  forbidden: [
    forbid('no-cycles', 'a cycle has no reading order', {}, { circular: true }),
    forbid(
      'shared-stands-alone',
      'both sides speak shared, so it can know neither',
      { path: '^shared/' },
      { path: '^(functions|jobs|infra|test)/' },
    ),
    forbid(
      'functions-not-jobs',
      'a Lambda bundle must not carry the training code',
      { path: '^functions/' },
      { path: '^(jobs|infra|test)/' },
    ),
    forbid(
      'jobs-not-functions',
      'the container must not carry the API',
      { path: '^jobs/' },
      { path: '^(functions|infra|test)/' },
    ),
    forbid(
      'infra-imports-contracts-and-config',
      'stacks need names and shapes, not code that runs per request; only the embedded cloud wires everything',
      { path: '^infra/', pathNot: '^infra/local/' },
      { path: '^(shared|functions|jobs)/', pathNot: '^shared/(contracts|config)/' },
    ),
    forbid(
      'graph-code-is-pure',
      'graph code is the same in a Lambda, a container and a browser: no cloud, no files, no adapter',
      { path: '^(shared/onnx|jobs/autodiff|jobs/training|jobs/compression)/' },
      { path: '(^shared/adapters/|node_modules/@aws-sdk/|^(node:)?fs(/promises)?$)' },
    ),
    forbid(
      'adapters-only-in-wiring',
      'a use case that knows its adapter cannot be tested on the other one',
      { path: '^(shared|functions|jobs)/', pathNot: '(^shared/adapters/|/wiring\\.ts$)' },
      { path: '^shared/adapters/' },
    ),
    forbid(
      'protobuf-at-the-edge',
      'only reading and writing a model may know its wire format',
      { path: '^(shared|functions|jobs|infra)/', pathNot: '^shared/onnx/(read-model|write-model)\\.ts$' },
      { path: 'node_modules/(onnx-buf|@bufbuild/protobuf)/' },
    ),
    forbid(
      'no-test-code-in-product',
      'tests are not shipped',
      { path: '^(shared|functions|jobs|infra)/' },
      { path: '^test/' },
    ),
  ],
  options: {
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      extensions: ['.ts', '.mjs', '.js', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
