import { secrets } from '../../../model/kinds/core.ts';
import { admissionFor } from './admission.ts';

/** A secret's stringData is written as base64 into its data, over what is there, and not kept. */
export const secretStringData = admissionFor(secrets, {
  admit: ({ operation, object: secret }) => {
    if (operation === 'delete' || !secret.stringData) return;
    const data = { ...secret.data };
    for (const [key, text] of Object.entries(secret.stringData)) data[key] = Buffer.from(text).toString('base64');
    secret.data = data;
    delete secret.stringData;
  },
});
