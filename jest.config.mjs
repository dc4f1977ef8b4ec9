const swc = ['@swc/jest', { jsc: { target: 'es2023', parser: { syntax: 'typescript' } } }];
const only = (pattern) => ({ testMatch: [`<rootDir>/test/${pattern}/**/*.test.ts`] });
// packages that ship ES modules only; those of vega bring d3's
const esModules =
  '@middy|ulid|pure-rand|d3-random|find-my-way|onnx-buf|@bufbuild|vega|vega-[a-z-]+|d3-[a-z-]+|internmap|delaunator|robust-predicates|topojson-client';
const base = {
  testEnvironment: '<rootDir>/test/support/onnxruntime-environment.mjs',
  transform: { '\\.[cm]?[jt]sx?$': swc },
  // the one for Node awaits an optional package at its top level, which CommonJS cannot
  moduleNameMapper: { '^vega-canvas$': '<rootDir>/node_modules/vega-canvas/build/vega-canvas.browser.js' },
  modulePathIgnorePatterns: ['<rootDir>/cdk.out'],
  transformIgnorePatterns: [`/node_modules/(?!(${esModules})/)`],
};

export default {
  projects: [
    { ...base, displayName: 'unit', ...only('unit') },
    { ...base, displayName: 'property', ...only('property') },
    { ...base, displayName: 'contract', ...only('contract') },
    { ...base, displayName: 'infra', ...only('infra') },
    { ...base, displayName: 'architecture', ...only('architecture') },
    { ...base, displayName: 'flow', ...only('flow') },
    { ...base, displayName: 'aws', ...only('aws') },
  ],
  testTimeout: 240_000,
  maxWorkers: 2,
};
