import type { PersistentVolume, PersistentVolumeClaim } from '../../model/kinds/index.ts';
import type { KubeObject } from '../../model/object.ts';
import type { Finding } from '../../volumes/inventory/finding.ts';
import { compareLinks, type Links } from '../../volumes/inventory/links.ts';
import type { World } from './world.ts';

/** Something that stands for data which is gone, or goes: as `explain` takes it, and what is wrong with it. */
export interface BrokenLink {
  readonly object: string;
  readonly namespace?: string | undefined;
  readonly message: string;
}

type Linked = Pick<World, 'claims' | 'pvs' | 'volumes' | 'volumeSnapshots' | 'contents' | 'snapshots'>;

/** An end that was made so lately that the other one may not have been in view. */
const settled = 5_000;

const words: Readonly<Record<string, string>> = {
  PersistentVolumeClaim: 'pvc',
  PersistentVolume: 'pv',
  Volume: 'volume',
  Snapshot: 'snapshot',
  VolumeSnapshot: 'volumesnapshot',
  VolumeSnapshotContent: 'volumesnapshotcontent',
};

/** What is wrong between claims and Volumes, and between VolumeSnapshots and Snapshots; each said of what people made. */
export function brokenLinks(world: Linked, now: number): BrokenLink[] {
  return compareLinks(linksOf(world, now)).flatMap((finding) => {
    if (finding.kind === 'Unclaimed' || isOfLostClaim(world, finding)) return [];
    const claim = finding.what === 'PersistentVolume' ? claimOf(world, finding.name) : undefined;
    if (claim) return [linkOf('PersistentVolumeClaim', claim.metadata, finding.message)];
    const [name = '', namespace] = finding.name.split('/').toReversed();
    return [linkOf(finding.what, { name, namespace }, finding.message)];
  });
}

/** What is wrong with the data of a bound claim; undefined if nothing is. */
export function brokenLinkOf(world: Linked, claim: PersistentVolumeClaim, now: number): Finding | undefined {
  const pv = world.pvs.find(({ metadata }) => metadata.name === claim.spec.volumeName);
  const volume = world.volumes.find(({ metadata }) => metadata.name === pv?.spec.csi?.volumeHandle);
  const links = linksOf(world, now);
  const own: Links = {
    ...links,
    claims: [claim],
    persistentVolumes: pv ? [pv] : [],
    volumes: volume ? [volume] : [],
    volumeSnapshots: [],
    contents: [],
    snapshots: [],
  };
  return compareLinks(own).find(({ kind }) => kind !== 'Unclaimed');
}

function linksOf({ claims, pvs, volumes, volumeSnapshots, contents, snapshots }: Linked, now: number): Links {
  const isOld = ({ metadata }: KubeObject) => !(now - Date.parse(metadata.creationTimestamp ?? '') < settled);
  return {
    claims: claims.filter(isOld),
    persistentVolumes: pvs.filter(isOld),
    volumes,
    volumeSnapshots: volumeSnapshots.filter(isOld),
    contents: contents.filter(isOld),
    snapshots,
    now,
  };
}

/** Of these, it is said already that their volume is lost. */
function isOfLostClaim({ claims }: Linked, { what, name }: Finding): boolean {
  if (what !== 'PersistentVolumeClaim') return false;
  return claims.some(
    ({ metadata, status }) => `${metadata.namespace}/${metadata.name}` === name && status?.phase === 'Lost',
  );
}

function claimOf({ claims, pvs }: Linked, name: string): PersistentVolumeClaim | undefined {
  const ref: PersistentVolume['spec']['claimRef'] = pvs.find(({ metadata }) => metadata.name === name)?.spec.claimRef;
  return claims.find(
    ({ metadata, spec }) =>
      metadata.name === ref?.name && metadata.namespace === ref?.namespace && spec.volumeName === name,
  );
}

function linkOf(what: string, { name, namespace }: { name: string; namespace?: string | undefined }, message: string) {
  return { object: `${words[what] ?? what.toLowerCase()}/${name}`, namespace, message };
}
