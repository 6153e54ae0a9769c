import { hasFinalizer } from '../../api/finalizers.ts';
import { attacherFinalizer } from '../../model/claims/well-known.ts';
import type { VolumeAttachment } from '../../model/kinds/storage.ts';
import { isDeleting } from '../../model/object.ts';
import type { Driver } from '../drivers/driver.ts';

/** What is to be done for an attachment. */
export type AttachmentStep = 'nothing' | 'mark attached' | 'attach' | 'detach' | 'let go';

/** Decides what the attacher does for an attachment of a driver. */
export function decideAttachment(attachment: VolumeAttachment, driver: Driver): AttachmentStep {
  const isOurs = hasFinalizer(attachment, attacherFinalizer(driver.name));
  if (isDeleting(attachment)) {
    if (!isOurs) return 'nothing';
    return driver.capabilities.publish ? 'detach' : 'let go';
  }
  if (attachment.status?.attached) return 'nothing';
  return driver.capabilities.publish ? 'attach' : 'mark attached';
}
