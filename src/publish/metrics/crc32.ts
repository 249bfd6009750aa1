/** The polynomial of CRC-32 (RFC 1952 §8) with its bits reversed: bit 31 stands for x⁰, bit 0 for x³¹. */
const polynomial = 0xedb88320;
const one = 0x80000000;
/** x⁸: one byte further. */
const oneByte = 0x00800000;

/** By what the CRC-32 of a text is multiplied when `bytes` more bytes follow it: x^(8·bytes). */
export function crcShift(bytes: number): number {
  let shift = one;
  let square = oneByte;
  for (let left = bytes; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) shift = multiply(shift, square);
    square = multiply(square, square);
  }
  return shift;
}

/** The CRC-32 of two texts one after the other, from the CRC-32 of each and the `crcShift` of the second's length. */
export function joinCrc(first: number, second: number, shiftOfSecond: number): number {
  return (multiply(shiftOfSecond, first) ^ second) >>> 0;
}

/** Product of two polynomials over GF(2), modulo that of CRC-32. */
function multiply(a: number, b: number): number {
  let product = 0;
  let shifted = b;
  for (let bit = 31; bit >= 0; bit -= 1) {
    if ((a >>> bit) & 1) product ^= shifted;
    shifted = shifted & 1 ? (shifted >>> 1) ^ polynomial : shifted >>> 1;
  }
  return product >>> 0;
}
