import { accept, breached, within } from '../shape/fault.ts';
import { about, checked, may, needed, objectOf, oneOf } from './described.ts';

const sizes: Readonly<Record<string, readonly number[]>> = { RSA: [2048, 3072, 4096], oct: [128, 192, 256] };

/** A key by its form: it is made where there is none of its name (about-keys, "Key types"). */
export function keyOf() {
  const members = objectOf({
    kty: needed(
      about(
        'The type. `-HSM` needs a vault of the sku `premium`',
        oneOf('EC', 'EC-HSM', 'RSA', 'RSA-HSM', 'oct', 'oct-HSM'),
      ),
    ),
    crv: may(about('The curve of an EC key: `P-256` for one that is made', oneOf('P-256', 'P-256K', 'P-384', 'P-521'))),
    keySize: may(
      about('The bits of an RSA or oct key: 2048 or 256 for one that is made', oneOf(2048, 3072, 4096, 128, 192, 256)),
    ),
  });
  return checked(members, (key) => {
    const family = key.kty.replace('-HSM', '');
    if (family !== 'EC' && key.crv !== undefined) {
      return within('crv', breached(key.crv, `it is for EC keys; an ${family} key has a keySize`).fault);
    }
    if (key.keySize === undefined) return accept(key);
    const allowed = sizes[family];
    if (allowed === undefined) return within('keySize', breached({}, 'the size of an EC key is that of its crv').fault);
    if (allowed.includes(key.keySize)) return accept(key);
    const rule = `an ${family} key has ${allowed.join(', ')} bits, not ${key.keySize}`;
    return within('keySize', breached({}, rule).fault);
  });
}
