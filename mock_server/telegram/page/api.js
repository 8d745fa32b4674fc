// The control surface of the emulator, as the page uses it.

async function call(method, path, body) {
  const isForm = body instanceof FormData;
  const response = await fetch("/control/" + path, {
    method,
    body: body === undefined || isForm ? body : JSON.stringify(body),
    headers: body === undefined || isForm ? {} : { "Content-Type": "application/json" },
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error ?? `the emulator answered ${response.status}`);
  return answer;
}

const path = (message) => `chats/${message.chat.id}/messages/${message.message_id}`;

export const api = {
  state: () => call("GET", "state"),
  messages: (chatId, limit, before) => call("GET", `chats/${chatId}/messages?limit=${limit}${before ? "&before=" + before : ""}`),
  commands: (chatId, userId) => call("GET", `chats/${chatId}/commands?user_id=${userId}`),
  journal: (after) => call("GET", `journal?after=${after}`),
  addPerson: (fields) => call("POST", "users", fields),
  changePerson: (id, fields) => call("PATCH", `users/${id}`, fields),
  addGroup: (fields) => call("POST", "groups", fields),

  start: (chatId, userId, payload) => call("POST", `chats/${chatId}/start`, { user_id: userId, payload }),
  sendOther: (chatId, userId, content) => call("POST", `chats/${chatId}/other`, { user_id: userId, content }),
  setBotMember: (chatId, userId, isMember) => call("PUT", `chats/${chatId}/bot`, { user_id: userId, is_member: isMember }),
  sendText: (chatId, userId, text, replyTo) =>
    call("POST", `chats/${chatId}/text`, { user_id: userId, text, reply_to_message_id: replyTo }),
  sendMedia(chatId, userId, files, { caption = "", kind = "photo", replyTo } = {}) {
    const body = new FormData();
    body.append("user_id", userId);
    body.append("caption", caption);
    body.append("kind", kind);
    if (replyTo) body.append("reply_to_message_id", replyTo);
    files.forEach((file, index) => body.append("photo" + index, file, file.name));
    return call("POST", `chats/${chatId}/media`, body);
  },
  press: (message, userId, button) => call("POST", path(message) + "/press", { user_id: userId, button }),
  edit: (message, userId, text) => call("POST", path(message) + "/edit", { user_id: userId, text }),
  react: (message, userId, emoji) => call("POST", path(message) + "/react", { user_id: userId, emoji }),
  remove: (message, userId) => call("DELETE", `${path(message)}?user_id=${userId}`),

  faults: () => call("GET", "faults"),
  addFault: (fields) => call("POST", "faults", fields),
  clearFaults: () => call("DELETE", "faults"),
  setFlood: (mode) => call("PUT", "flood", { mode }),
  setGroupPrivacy: (isOn) => call("PUT", "group_privacy", { is_on: isOn }),
  restartBot: (pauseS) => call("POST", "bot/restart", { pause_s: pauseS }),
  deliverAgain: (updateId) => call("POST", `updates/${updateId}/again`),

  neighbours: () => call("GET", "neighbours"),
  neighbourJournal: (name) => call("GET", `neighbours/${encodeURIComponent(name)}/journal`),
  chooseScenario: (name, scenario) => call("PUT", `neighbours/${encodeURIComponent(name)}/scenario`, { scenario }),
  release: (name) => call("POST", `neighbours/${encodeURIComponent(name)}/release`),

  samples: () => call("GET", "samples"),
  async sampleFile(sample) {
    const response = await fetch("/control/samples/" + encodeURIComponent(sample.name));
    if (!response.ok) throw new Error(`no sample ${sample.name}`);
    return new File([await response.blob()], sample.name, { type: sample.mime_type });
  },
};

export const mediaUrl = (file) => "/control/media/" + encodeURIComponent(file.file_id);
export const previewUrl = (file) => "/control/preview/" + encodeURIComponent(file.file_id);
