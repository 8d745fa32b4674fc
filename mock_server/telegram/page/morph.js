// Brings what is on the page up to date in place: nodes that stay keep focus, selection, open lists and loaded pictures.

const HANDLERS = ["onclick", "onchange", "onkeydown", "oncontextmenu"];
const OF_THE_READER = ["shown", "waiting", "entering"]; // classes that say what the reader did or sees

// Makes `old` look and behave like `fresh`; gives the node that is on the page then.
export function morph(old, fresh) {
  if (old.nodeName !== fresh.nodeName) {
    old.replaceWith(fresh);
    return fresh;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    matchText(old, fresh.data);
    return old;
  }
  matchAttributes(old, fresh);
  for (const name of HANDLERS) old[name] = fresh[name];
  if (old.nodeName === "SELECT" || old.nodeName === "INPUT") matchValue(old, fresh);
  morphChildren(old, fresh);
  return old;
}

// Makes the children of `parent` those of `fresh`.
export function morphChildren(parent, fresh) {
  const children = [...fresh.childNodes];
  const stays = matches([...parent.childNodes], children);
  const staying = new Set(stays.values());
  for (const old of [...parent.childNodes]) if (!staying.has(old)) old.remove();
  let next = parent.firstChild;
  for (const child of children) {
    const old = stays.get(child);
    if (old && old === next) next = next.nextSibling;
    else parent.insertBefore(old ?? child, next);
    if (old) morph(old, child);
  }
}

// Which of the old children each fresh one is: that of the same `data-key`, else a button that says the same, else what
// holds something of the same key, else the next of its kind. What has a key never becomes something else: somebody may
// be about to press it.
function matches(olds, children) {
  const found = new Map();
  const free = new Set(olds);
  const match = (isSame) => {
    for (const child of children.filter((one) => !found.has(one))) {
      const same = [...free].find((old) => old.nodeName === child.nodeName && isSame(old, child));
      if (same) found.set(child, same);
      free.delete(same);
    }
  };
  const haveKeys = (old, child) => keyOf(old) && keyOf(child);
  const haveNone = (old, child) => !keyOf(old) && !keyOf(child);
  match((old, child) => haveKeys(old, child) && keyOf(old) === keyOf(child));
  match((old, child) => haveKeys(old, child) && old.textContent === child.textContent);
  match((old, child) => haveNone(old, child) && holdSameKey(old, child));
  match((old, child) => haveNone(old, child) && old.classList?.[0] === child.classList?.[0]);
  return found;
}

function keyOf(node) {
  return node.dataset?.key ?? "";
}

function holdSameKey(old, child) {
  if (!old.querySelectorAll) return false;
  const keys = new Set([...child.querySelectorAll("[data-key]")].map(keyOf));
  return [...old.querySelectorAll("[data-key]")].some((one) => keys.has(keyOf(one)));
}

// Only what differs, so that words around it stay selected.
function matchText(old, text) {
  const { data } = old;
  const shorter = Math.min(data.length, text.length);
  let [begin, end] = [0, 0];
  while (begin < shorter && data[begin] === text[begin]) begin += 1;
  while (end < shorter - begin && data.at(-1 - end) === text.at(-1 - end)) end += 1;
  if (data !== text) old.replaceData(begin, data.length - end - begin, text.slice(begin, text.length - end));
}

function matchAttributes(old, fresh) {
  const kept = OF_THE_READER.filter((name) => old.classList.contains(name));
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && name !== "style") old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (name !== "style" && old.getAttribute(name) !== value) old.setAttribute(name, value);
  // The policy of the page forbids style attributes, but not to set styles from here.
  if (old.style.cssText !== fresh.style.cssText) old.style.cssText = fresh.style.cssText;
  old.classList.add(...kept);
}

function matchValue(old, fresh) {
  if (old === document.activeElement) return;
  old.value = fresh.value;
  old.checked = fresh.checked;
}
