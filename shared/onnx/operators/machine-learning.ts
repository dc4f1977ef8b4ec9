import { attributeOf, intAttribute } from '../attributes';
import type { Attributes, ElementType, ValueType } from '../ir';
import { type Shape, tensorType } from '../shapes';
import { inputShape, many, named, type OperatorTable, operator, shaped, typeOf, type Use } from './operator';

const rows = (use: Use) => {
  const x = inputShape(use, 0);
  return x?.length === 1 ? 1 : x?.[0];
};

/** The element type that the first of these attributes stands for. */
function typeOfGiven(
  attributes: Attributes,
  choices: Readonly<Record<string, ElementType>>,
): ElementType | undefined {
  const name = Object.keys(choices).find((each) => attributes[each] !== undefined);
  return name === undefined ? undefined : choices[name];
}

/** Version 1 mapped strings to int64 and back; later ones name the type by which list of values they hold. */
const labelEncoder = operator(1, 1, (use) => {
  const { attributes } = use;
  const listed = typeOfGiven(attributes, {
    values_strings: 'string',
    values_int64s: 'int64',
    values_floats: 'float',
  });
  const tensor = attributeOf.tensor(attributes, 'values_tensor')?.elementType;
  const first = typeOf(use, 0).elementType === 'string' ? 'int64' : 'string';
  return [tensorType(listed ?? tensor ?? first, inputShape(use, 0))];
});

const labelsOf = ({ attributes }: Use): readonly (string | number)[] | undefined =>
  attributeOf.strings(attributes, 'classlabels_strings') ??
  attributeOf.ints(attributes, 'classlabels_int64s') ??
  attributeOf.ints(attributes, 'classlabels_ints');

/** A label for each row, and a score for each row and class. */
const classifier = operator(1, [1, 2], (use) => {
  const strings = attributeOf.strings(use.attributes, 'classlabels_strings') ?? [];
  const label: ElementType = strings.length > 0 ? 'string' : 'int64';
  const count = labelsOf(use)?.length;
  return [tensorType(label, [rows(use)]), tensorType('float', [rows(use), count === 1 ? undefined : count])];
});

const regressor = (targets: string) =>
  operator(1, 1, (use) => [tensorType('float', [rows(use), intAttribute(use.attributes, targets, 1)])]);

function categoryCount({ attributes }: Use): number | undefined {
  const ints = attributeOf.ints(attributes, 'cats_int64s');
  return ints !== undefined && ints.length > 0
    ? ints.length
    : attributeOf.strings(attributes, 'cats_strings')?.length;
}

function oneHotShape(use: Use): Shape {
  const x = inputShape(use, 0);
  return x && [...x, categoryCount(use)];
}

const zipMap = operator(1, 1, ({ attributes }): readonly ValueType[] => {
  const key: ElementType = attributes.classlabels_strings === undefined ? 'int64' : 'string';
  return [{ kind: 'sequence', element: { kind: 'map', key, element: tensorType('float', []) } }];
});

const castMap = operator(
  1,
  1,
  ({ attributes }) => {
    const to = attributeOf.string(attributes, 'cast_to') ?? 'TO_FLOAT';
    return [
      tensorType(to === 'TO_STRING' ? 'string' : to === 'TO_INT64' ? 'int64' : 'float', [1, undefined]),
    ];
  },
  { anyKind: true },
);

const dictVectorizer = operator(
  1,
  1,
  ({ attributes, inputs }) => {
    const type = inputs[0]?.type;
    const value =
      type?.kind === 'map' && type.element?.kind === 'tensor' ? type.element.elementType : 'float';
    const words =
      attributeOf.strings(attributes, 'string_vocabulary') ??
      attributeOf.ints(attributes, 'int64_vocabulary');
    return [tensorType(value, [1, words?.length])];
  },
  { anyKind: true },
);

const featureVectorizer = operator([1, many], 1, (use) => {
  const sizes = attributeOf.ints(use.attributes, 'inputdimensions');
  return [tensorType('float', [rows(use), sizes?.reduce((sum, size) => sum + size, 0)])];
});

const extractor = operator(2, 1, (use) => {
  const x = inputShape(use, 0);
  const picked = inputShape(use, 1)?.at(-1);
  const kept = x?.length === 1 ? [1] : x?.slice(0, -1);
  return [tensorType(typeOf(use, 0).elementType, kept && [...kept, picked])];
});

const treeEnsemble = operator(1, 1, (use) => [
  tensorType(typeOf(use, 0).elementType, [rows(use), intAttribute(use.attributes, 'n_targets', 1)]),
]);

const asFirst = shaped([1, 1], (use) => inputShape(use, 0));

const floatAsFirst = operator(1, 1, (use) => [tensorType('float', inputShape(use, 0))]);

const categoryMapper = operator(1, 1, (use) => [
  tensorType(typeOf(use, 0).elementType === 'string' ? 'int64' : 'string', inputShape(use, 0)),
]);

/** Operators of ai.onnx.ml: tables, trees, linear and kernel models. Tensors are [rows, columns]. */
export const machineLearning: OperatorTable = {
  ArrayFeatureExtractor: extractor,
  ...named('Binarizer Imputer', asFirst),
  ...named('Normalizer Scaler', floatAsFirst),
  CastMap: castMap,
  CategoryMapper: categoryMapper,
  DictVectorizer: dictVectorizer,
  FeatureVectorizer: featureVectorizer,
  LabelEncoder: labelEncoder,
  ...named('LinearClassifier SVMClassifier TreeEnsembleClassifier', classifier),
  LinearRegressor: regressor('targets'),
  SVMRegressor: operator(1, 1, (use) => [tensorType('float', [rows(use), 1])]),
  TreeEnsembleRegressor: regressor('n_targets'),
  TreeEnsemble: treeEnsemble,
  OneHotEncoder: operator(1, 1, (use) => [tensorType('float', oneHotShape(use))]),
  ZipMap: zipMap,
};
