import { elementFormats } from '../../../shared/onnx/element-types';
import type { ConstantValue, OperationValue, Value } from '../../../shared/onnx/ir';
import { shapeOf } from '../../../shared/onnx/shapes';
import { type Axis, ChannelSets } from './channel-sets';

/** The channels along each axis of a value; undefined where its rank is unknown. */
export type Axes = readonly Axis[] | undefined;

/** What the indices of a weight's axis are to the channels that they belong to. */
export type Role =
  /** They make the channel: rows of a kernel, columns of a matrix, a bias. */
  | 'writes'
  /** They read the channel: what it adds to what comes next is multiplied by them. */
  | 'reads'
  /** They stand beside it without weighing it: running statistics. */
  | 'carries';

/** Elements of these can be picked one by one. */
function isSliceable({ tensor: { elementType } }: ConstantValue): boolean {
  const { bits, storage } = elementFormats[elementType];
  return storage !== undefined && bits >= 8 && !elementType.startsWith('complex');
}

const inWords = 'it goes with values of which nothing can be removed';

/**
 * Which channels run along the axes of the values of a graph, as far as the walk has come. A constant's are its own, fresh ones;
 * a node's follow from those of its inputs, by the rule of its operator. An axis of one index, and what rows decide, has none.
 */
export class ChannelTrace {
  readonly sets = new ChannelSets();
  readonly roles = new Map<Int32Array, Role>();
  /** Axes over the heads of an attention. */
  readonly heads = new Set<Int32Array>();
  readonly constants = new Map<ConstantValue, readonly Axis[]>();
  readonly nodes = new Map<OperationValue, readonly Axes[]>();

  private readonly fed: ReadonlySet<Value>;

  /** `fed`: what rests on the graph's inputs. */
  constructor(fed: ReadonlySet<Value>) {
    this.fed = fed;
  }

  isFed(value: Value | undefined): boolean {
    return value !== undefined && this.fed.has(value);
  }

  /** Undefined where the rank is unknown. */
  axesOf(value: Value | undefined): Axes {
    if (value?.kind === 'constant') return this.ofConstant(value);
    if (value?.kind === 'operation') return this.nodes.get(value)?.[0] ?? this.none(value);
    if (value?.kind === 'projection') return this.nodes.get(value.of)?.[value.index] ?? this.none(value);
    return this.none(value);
  }

  /** Counted from the back where negative. */
  axis(value: Value | undefined, index: number): Axis {
    return this.axesOf(value)?.at(index);
  }

  /** What lies at the same place of both can only be removed together. */
  join(a: Axis, b: Axis, reason = inWords): void {
    if (a === undefined || b === undefined || a.length !== b.length) {
      this.block(a, reason);
      this.block(b, reason);
      return;
    }
    if (a === b) return;
    for (let index = 0; index < a.length; index++) this.sets.join(a[index] ?? 0, b[index] ?? 0);
  }

  /** Nothing along the axis is ever removed. */
  block(axis: Axis, reason: string): void {
    if (axis !== undefined) for (const channel of axis) this.sets.block(channel, reason);
  }

  /** Nothing of the value is ever removed, but along the axes that are named. */
  blockAll(value: Value | undefined, reason: string, except: readonly number[] = []): void {
    const axes = this.axesOf(value) ?? [];
    for (const [index, axis] of axes.entries()) if (!except.includes(index)) this.block(axis, reason);
  }

  /** Says what the axis of a weight does; nothing where it is no weight's. One that is read anywhere counts as read. */
  mark(value: Value | undefined, index: number, role: Role): void {
    const axis = this.axis(value, index);
    if (axis === undefined || this.isFed(value)) return;
    if (role === 'reads' || !this.roles.has(axis)) this.roles.set(axis, role);
  }

  private ofConstant(value: ConstantValue): readonly Axis[] {
    const known = this.constants.get(value);
    if (known !== undefined) return known;
    const sliceable = isSliceable(value);
    const axes = value.tensor.dims.map((size) => (size > 1 && sliceable ? this.sets.fresh(size) : undefined));
    this.constants.set(value, axes);
    return axes;
  }

  private none(value: Value | undefined): Axes {
    return shapeOf(value)?.map(() => undefined);
  }
}
