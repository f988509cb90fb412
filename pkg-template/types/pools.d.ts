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

/** How a pool is. */
export interface PoolStatus extends Record<string, unknown> {
  /** Pods in all. */
  total: number;
  /** Pods that sandboxes have. */
  allocated: number;
  /** Pods that are free. */
  available: number;
  /** Which version of the pool it is, in the server's words. */
  revision: string;
}

/** A pool. */
export interface PoolInfo extends Record<string, unknown> {
  /** What `poolRef` names. */
  name: string;
  /** How large it is to be. */
  capacitySpec: PoolCapacitySpec;
  /** Not there before the server has looked at the pool for the first time. */
  status?: PoolStatus;
  /** When it was made. */
  createdAt?: Date;
}

/** What a pool is made of. */
export interface CreatePoolRequest extends Record<string, unknown> {
  /** Lower-case letters, digits and dashes. */
  name: string;
  /** A PodTemplateSpec of Kubernetes. */
  template: Record<string, unknown>;
  /** How large it is to be. */
  capacitySpec: PoolCapacitySpec;
}

/** Nothing else of a pool can be changed. */
export interface UpdatePoolRequest extends Record<string, unknown> {
  /** How large it is to be. */
  capacitySpec: PoolCapacitySpec;
}

/** All pools: this list has no pages. */
export interface ListPoolsResponse extends Record<string, unknown> {
  /** The pools. */
  items: PoolInfo[];
}

// biome-ignore lint/complexity/noUselessEmptyExport: without it what has no `export` counts as exported, too
export {};
