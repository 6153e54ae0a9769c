/** Keeps a Mount until its volume is unmounted. */
export const mountFinalizer = 'moorage.dev/mount';
