export interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * Where the place `at` of a Hilbert curve through 16 × 16 cells is: neighbours in number are neighbours in the square, so an
 * aligned block of numbers, a CIDR range, is one connected piece (Hilbert 1891; the iterative form of Wikipedia, "Hilbert curve").
 */
export function hilbertPoint(at: number): Point {
  let [x, y] = [0, 0];
  let left = at;
  for (let size = 1; size < sideCells; size *= 2) {
    const right = (left >> 1) & 1;
    const down = (left ^ right) & 1;
    if (down === 0) {
      if (right === 1) [x, y] = [size - 1 - x, size - 1 - y];
      [x, y] = [y, x];
    }
    x += size * right;
    y += size * down;
    left >>= 2;
  }
  return { x, y };
}

export const sideCells = 16;
