// Programs that run in the page, as text: the types of a browser must not leak into those of the product.

/** What a screen reader calls the element that has the focus. */
export const focusedName = `(() => {
  const focused = document.activeElement;
  return focused.getAttribute('aria-label') ?? focused.textContent.trim();
})()`;

/** Texts whose colour is too near to what is behind them, with the ratio (WCAG 2.2, 1.4.3). */
export const lowContrasts = `(() => {
  const channels = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number);
  const luminance = (color) => {
    const [red, green, blue] = channels(color).map((value) => {
      const share = value / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const behind = (element) => {
    if (element === null) return getComputedStyle(document.documentElement).colorScheme === 'dark' ? 'rgb(0, 0, 0)' : 'rgb(255, 255, 255)';
    const color = getComputedStyle(element).backgroundColor;
    return channels(color)[3] === 0 ? behind(element.parentElement) : color;
  };
  const low = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let seen = 0;
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement;
    if (node.textContent.trim() === '' || element.closest('title, noscript, script') !== null) continue;
    seen += 1;
    const style = getComputedStyle(element);
    const color = element.closest('svg') === null ? style.color : style.fill;
    const [one, other] = [luminance(color), luminance(behind(element))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (!(ratio >= 4.5)) low.push(ratio.toFixed(2) + ': ' + node.textContent.trim().slice(0, 40));
  }
  return seen < 10 ? ['only ' + seen + ' texts were looked at'] : low;
})()`;
