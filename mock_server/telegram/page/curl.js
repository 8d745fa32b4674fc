// Calls as commands for a shell. No DOM in here.

const UPLOAD = /^<(.*), \d+ bytes>$/;

export function callCurl({ method, params }) {
  const url = `${location.origin}/bot$BOT_TOKEN/${method}`;
  const hasFiles = Object.values(params).some((value) => UPLOAD.test(String(value)));
  if (!hasFiles) return { method: "POST", url, headers: { "Content-Type": "application/json" }, body: params };
  const form = Object.entries(params).map(([name, value]) => {
    const file = UPLOAD.exec(String(value));
    return `${name}=${file ? "@" + file[1] : typeof value === "string" ? value : JSON.stringify(value)}`;
  });
  return { method: "POST", url, headers: {}, form };
}

// A command for a POSIX shell. What is secret stays a variable to set.
export function curlCommand({ method, url, headers, body, form = [] }) {
  const parts = [`curl -sS -X ${method} ${quoted(url)}`];
  for (const [name, value] of Object.entries(headers)) parts.push(`-H ${quoted(`${name}: ${value}`)}`);
  for (const one of form) parts.push(`-F ${quoted(one)}`);
  if (body !== undefined) parts.push(`-d ${quoted(typeof body === "string" ? body : JSON.stringify(body))}`);
  return parts.join(" \\\n  ");
}

const VARIABLE = /(\$(?:BOT_TOKEN|WEBHOOK_URL|WEBHOOK_SECRET|REPLICATE_API_TOKEN))/;

function quoted(text) {
  return text
    .split(VARIABLE)
    .map((part) => (VARIABLE.test(part) ? `"${part}"` : part && `'${part.replaceAll("'", `'\\''`)}'`))
    .join("");
}
