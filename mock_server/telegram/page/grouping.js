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

// What one job did in a timeline that tells of several, `ids`, if these words begin its id: without what is of the others.
export function rowsOfJob(rows, ids, words) {
  const bare = bareId(words.toLowerCase());
  const sought = bare.length > 7 ? ids.filter((id) => bareId(id).startsWith(bare)) : [];
  if (ids.length < 2 || sought.length !== 1) return rows;
  const own = claimedBy(sought[0], rows);
  const others = ids.filter((id) => id !== sought[0]).map((id) => claimedBy(id, rows));
  return rows.filter((row) => own.has(row) || !others.some((claimed) => claimed.has(row)));
}

// Rows that name a job, and those about what such a row made: a message, a prediction.
function claimedBy(id, rows) {
  const naming = rows.filter((row) => row.keys.includes("job:" + bareId(id)));
  const made = new Set(naming.flatMap((row) => row.made ?? row.keys.filter((name) => !isJob(name))));
  return new Set([...naming, ...rows.filter((row) => row.keys.some((name) => made.has(name)))]);
}

const bareId = (id) => id.replaceAll("-", "");

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
