/** Calls back when what has been drawn so far stands on the screen: two frames later, in a task of its own. */
export function afterPainting(then: () => void): void {
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(then)));
}
