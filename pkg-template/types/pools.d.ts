// Pools: sandboxes that a server on Kubernetes keeps warm. A sandbox is taken from one with `extensions: { poolRef: name }`.

/** How large a pool is. Whole numbers. */
export interface PoolCapacitySpec extends Record<string, unknown> {
  /** At most so many are kept free. */
  bufferMax: number;
  /** At least so many are kept free. */
  bufferMin: number;
  /** At most so many in all. */
  poolMax: number;
  /** At least so many in all. */
  poolMin: number;
}

export interface PoolStatus extends Record<string, unknown> {
  total: number;
  allocated: number;
  available: number;
  revision: string;
}

export interface PoolInfo extends Record<string, unknown> {
  name: string;
  capacitySpec: PoolCapacitySpec;
  /** Not there before the server has looked at the pool for the first time. */
  status?: PoolStatus;
  createdAt?: Date;
}

export interface CreatePoolRequest extends Record<string, unknown> {
  /** Lower-case letters, digits and dashes. */
  name: string;
  /** A PodTemplateSpec of Kubernetes. */
  template: Record<string, unknown>;
  capacitySpec: PoolCapacitySpec;
}

/** Nothing else of a pool can be changed. */
export interface UpdatePoolRequest extends Record<string, unknown> {
  capacitySpec: PoolCapacitySpec;
}

/** All pools: this list has no pages. */
export interface ListPoolsResponse extends Record<string, unknown> {
  items: PoolInfo[];
}

// biome-ignore lint/complexity/noUselessEmptyExport: without it what has no `export` counts as exported, too
export {};
