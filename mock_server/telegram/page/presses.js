// A press with the mouse counts where it began. Messages come and are edited at any time, so that the button is often
// somewhere else by the time of the release, which browsers do not take for a click.

const STILL_PX = 8; // a hand is never quite still

export function listenToPresses() {
  let begun = null;
  const takeClick = ({ target }) => begun?.pressed.contains(target) && (begun = null);
  const begin = ({ target, pointerType, button, clientX: x, clientY: y }) => {
    const pressed = pointerType === "mouse" && !button ? target.closest(".messages :is(button, a)") : null;
    begun = pressed && { pressed, x, y };
  };
  const end = ({ clientX, clientY }) => {
    const press = begun;
    if (!press || Math.hypot(clientX - press.x, clientY - press.y) > STILL_PX) return;
    setTimeout(() => { // after the click, where there is one
      if (begun === press && press.pressed.isConnected && !press.pressed.closest("[inert]")) press.pressed.click();
    });
  };
  document.addEventListener("pointerdown", begin, true);
  document.addEventListener("pointerup", end, true);
  document.addEventListener("click", takeClick, true);
}
