// Which rows of the inspector belong together. No DOM in here.

// Rows in order of time, put together by what they name. A job is at home where Telegram heard of it first: a card of
// the history, which names many, brings the timelines of their photos no nearer.
export function grouped(rows) {
  const sets = new DisjointSets();
  const homes = new Map(); // job → what it is together with
  for (const row of rows) sets.join(namesIn(row).filter((name) => !isJob(name)));
  for (const row of rows.filter((one) => one.party === "Telegram")) {
    for (const job of row.keys.filter(isJob)) if (!homes.has(job)) homes.set(job, namesIn(row)[0]);
  }
  for (const row of rows.filter((one) => one.party !== "Telegram")) {
    sets.join([...namesIn(row), ...row.keys.map((name) => homes.get(name)).filter(Boolean)]);
  }
  return [...Map.groupBy(rows, (row) => sets.find(namesIn(row)[0])).values()];
}

export const isJob = (name) => name.startsWith("job:");

// What a row names first is not a job where it can be anything else; a row that names nothing is alone.
function namesIn(row) {
  const others = row.keys.filter((name) => !isJob(name));
  if (others.length) return [...others, ...row.keys.filter(isJob)];
  return row.keys.length ? row.keys : ["row:" + row.id];
}

class DisjointSets {
  #parent = new Map();

  find(name) {
    let root = name;
    while (this.#parent.has(root)) root = this.#parent.get(root);
    if (root !== name) this.#parent.set(name, root);
    return root;
  }

  join([first, ...others]) {
    for (const other of others) {
      const [root, top] = [this.find(other), this.find(first)];
      if (root !== top) this.#parent.set(root, top);
    }
  }
}
