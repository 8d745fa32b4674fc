// Brings what is on the page up to date in place: nodes that stay keep focus, selection, open lists and loaded pictures.

const HANDLERS = ["onclick", "onchange", "onkeydown", "oncontextmenu"];
const OF_THE_READER = ["shown", "waiting", "entering"]; // classes that say what the reader did or sees

// Makes `old` look and behave like `fresh`; gives the node that is on the page then. Children with a `data-key` are
// matched by it, others by their order.
export function morph(old, fresh) {
  if (old.nodeName !== fresh.nodeName || keyOf(old) !== keyOf(fresh)) {
    old.replaceWith(fresh);
    return fresh;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
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
  const keyed = new Map([...parent.childNodes].filter(keyOf).map((child) => [keyOf(child), child]));
  let next = parent.firstChild;
  for (const child of [...fresh.childNodes]) {
    const known = keyOf(child) ? keyed.get(keyOf(child)) : next && !keyOf(next) ? next : null;
    if (!known) {
      parent.insertBefore(child, next);
      continue;
    }
    if (known === next) next = next.nextSibling;
    else parent.insertBefore(known, next);
    keyed.delete(keyOf(child));
    morph(known, child);
  }
  while (next) {
    const gone = next;
    next = next.nextSibling;
    gone.remove();
  }
}

function keyOf(node) {
  return node.dataset?.key ?? "";
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
