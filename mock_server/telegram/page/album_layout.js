// How the pictures of an album share the space. No DOM in here.

const ROWS = { 2: [2], 3: [1, 2], 4: [2, 2], 5: [2, 3], 6: [3, 3], 7: [2, 2, 3], 8: [2, 3, 3], 9: [3, 3, 3], 10: [3, 3, 4] };
const WIDE = 1.7;
const [NARROWEST, WIDEST] = [0.65, 2.2];

// `ratios`: width by height of each picture. Gives rows of {index, ratio}; pictures of a row are equally high.
export function albumRows(ratios) {
  const bounded = ratios.map((ratio, index) => ({ index, ratio: Math.min(Math.max(ratio, NARROWEST), WIDEST) }));
  const rows = [];
  let at = 0;
  for (const count of rowSizes(ratios)) {
    rows.push(bounded.slice(at, at + count));
    at += count;
  }
  return rows;
}

function rowSizes(ratios) {
  if (ratios.length === 2 && ratios.every((ratio) => ratio > WIDE)) return [1, 1];
  if (ratios.length === 3 && ratios[0] < 1) return [3]; // upright ones side by side
  return ROWS[ratios.length] ?? [ratios.length];
}
