import { extname } from 'node:path';

/** The module for `node --import`. */
export const registerUrl = new URL(`./register${extname(import.meta.url)}`, import.meta.url);
