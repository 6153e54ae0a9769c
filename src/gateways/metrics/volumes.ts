import { Gauge, type Registry } from 'prom-client';

/** How full a mounted volume is. Bytes and inodes; what is not known is undefined. */
export interface VolumeUsage {
  readonly namespace: string;
  /** Name of the Mount. */
  readonly mount: string;
  /** Name of the PersistentVolume. */
  readonly volume: string;
  readonly total: bigint;
  readonly used: bigint | undefined;
  readonly available: bigint | undefined;
  readonly inodes: bigint | undefined;
  readonly inodesUsed: bigint | undefined;
}

const figures = {
  total: ['moorage_volume_total_bytes', 'Size of a mounted volume.'],
  used: ['moorage_volume_used_bytes', 'Bytes in use on a mounted volume.'],
  available: ['moorage_volume_available_bytes', 'Bytes left on a mounted volume.'],
  inodes: ['moorage_volume_inodes', 'Inodes of a mounted volume.'],
  inodesUsed: ['moorage_volume_inodes_used', 'Inodes in use on a mounted volume.'],
} as const;

/** How full the mounted volumes are: asked once for each page. */
export function countVolumes(mountedVolumes: () => Promise<readonly VolumeUsage[]>, registry: Registry): void {
  let asked: Promise<readonly VolumeUsage[]> | undefined;
  const ask = () => {
    asked ??= mountedVolumes().finally(() => {
      asked = undefined;
    });
    return asked;
  };
  for (const [key, [name, help]] of Object.entries(figures)) {
    new Gauge({
      name,
      help,
      labelNames: ['namespace', 'mount', 'volume'],
      registers: [registry],
      async collect() {
        const usages = await ask();
        this.reset();
        for (const { namespace, mount, volume, ...usage } of usages) {
          const value = usage[key as keyof typeof figures];
          if (value !== undefined) this.set({ namespace, mount, volume }, Number(value));
        }
      },
    });
  }
}
