import type { KubeObject } from '../model/object.ts';

/**
 * Tells people what happened to an object, as Kubernetes events. The same news again counts up one event instead of
 * making another, at most once in ten seconds, so that a claim that can't be met has one event and not one a second.
 * Never throws and never waits: an event that can't be written is logged.
 */
export interface EventRecorder {
  normal(object: KubeObject, reason: string, message: string): void;
  warning(object: KubeObject, reason: string, message: string): void;
}
