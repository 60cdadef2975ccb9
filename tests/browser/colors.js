// Asks axe what depends on colors. Contrast takes it most of its time, so of all elements with
// the same colors, size and weight of text one is asked about.
async () => {
  const CONTROLS = "input, select, textarea";
  const combinations = new Map();
  const holdsText = (element) =>
    element.matches(CONTROLS)
    || [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  const combinationOf = (element) => {
    const { color, fontSize, fontWeight } = getComputedStyle(element);
    const behind = [];
    for (let one = element; one; one = one.parentElement) {
      const { backgroundColor, backgroundImage, opacity } = getComputedStyle(one);
      behind.push(backgroundColor, backgroundImage, opacity);
    }
    const unlike = behind.filter((value, place) => place < 3 || value !== behind[place - 3]);
    return [color, fontSize, fontWeight, ...unlike].join(" ");
  };
  for (const element of document.body.querySelectorAll("*")) {
    if (!holdsText(element) || !element.checkVisibility({ visibilityProperty: true })) continue;
    const combination = combinationOf(element);
    if (!combinations.has(combination)) combinations.set(combination, element);
  }
  const options = { resultTypes: ["violations"], preload: false };
  const contrast = await axe.run(
    { include: [...combinations.values()] },
    { ...options, runOnly: ["color-contrast"] },
  );
  const links = await axe.run({ ...options, runOnly: ["link-in-text-block"] });
  return [...contrast.violations, ...links.violations];
}
