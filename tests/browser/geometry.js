// Lists what looks broken on the page at its present width, one sentence for each place.
() => {
  const SLACK = { across: 1, down: 3 }; // px; glyphs are taller than tight lines
  const CONTROLS = "input, select, textarea, button, progress, img, svg, canvas, video, audio, iframe";
  const BUTTONS = ["submit", "button", "reset"];
  const WITHOUT_TEXT = ["hidden", "checkbox", "radio", "file", "range", "color", "image"];
  const FREE_TEXT = ["text", "search", "url", "email", "tel", "password"];
  // Characters up to which a value is shown whole; what people name at greater length may end in
  // an ellipsis, and in a field for text it is scrolled by whoever edits it.
  const SHORT = { choice: 32, text: 24 };

  const problems = new Map();
  const boxes = new Map();

  const short = (text) => {
    const words = text.replace(/\s+/g, " ").trim();
    return words.length > 48 ? `${words.slice(0, 47)}…` : words;
  };
  const name = (element) => {
    const id = element.id ? `#${element.id}` : "";
    const classes = [...element.classList].map((one) => `.${one}`).join("");
    return `${element.localName}${id}${classes}`;
  };
  const report = (kind, element, sentence) => {
    const key = `${kind} ${name(element)}`;
    if (!problems.has(key)) problems.set(key, sentence);
  };

  const isOpaque = (color) => color !== "transparent" && !/[,/]\s*0(\.0+)?\)$/.test(color);

  // What matters about an element, computed once: its box, its visible edges, how it clips.
  const boxOf = (element) => {
    if (boxes.has(element)) return boxes.get(element);
    const parent = element.parentElement && boxOf(element.parentElement);
    const style = getComputedStyle(element);
    const rect = element.getBoundingClientRect();
    const isFilled = isOpaque(style.backgroundColor);
    const isTinted = isFilled && (!parent || style.backgroundColor !== parent.background);
    const isCell = ["TD", "TH"].includes(element.tagName);
    const edge = (side) =>
      isTinted
      || (parseFloat(style[`border${side}Width`]) > 0 && isOpaque(style[`border${side}Color`]));
    const isTiny = rect.width <= 1.5 && rect.height <= 1.5 && style.overflowX !== "visible";
    const box = {
      style,
      rect,
      background: isFilled || !parent ? style.backgroundColor : parent.background,
      // For assistive technology only, or not there at all.
      isUnseen: Boolean(parent?.isUnseen) || isTiny || /inset\(50%/.test(style.clipPath),
      edges: {
        left: isCell || edge("Left"),
        right: isCell || edge("Right"),
        top: edge("Top"),
        bottom: edge("Bottom"),
      },
    };
    boxes.set(element, box);
    return box;
  };

  const isSeen = (element) =>
    !boxOf(element).isUnseen
    && element.checkVisibility({ opacityProperty: true, visibilityProperty: true });

  // The part of an element inside its borders, in which its content can be seen.
  const inside = (element, rect) => ({
    left: rect.left + element.clientLeft,
    right: rect.left + element.clientLeft + element.clientWidth,
    top: rect.top + element.clientTop,
    bottom: rect.top + element.clientTop + element.clientHeight,
  });

  const beyond = (rect, frame, sides) => {
    const over = {
      left: frame.left - rect.left - SLACK.across,
      right: rect.right - frame.right - SLACK.across,
      top: frame.top - rect.top - SLACK.down,
      bottom: rect.bottom - frame.bottom - SLACK.down,
    };
    return sides.find((side) => over[side] > 0);
  };

  const isElided = (element, style) => {
    const isClamped = style.webkitLineClamp !== "none";
    if (style.textOverflow !== "ellipsis" && !isClamped) return false;
    const whole = element.closest("[title]")?.title ?? "";
    const plain = (text) => text.replace(/\s+/g, " ").trim();
    return plain(whole).includes(plain(element.textContent));
  };

  // Follow what is seen of a rectangle from box to box, until it leaves one.
  const follow = (rect, start, shown, isOutOfFlow) => {
    if (isOutOfFlow) return;
    let seen = { left: rect.left, right: rect.right, top: rect.top, bottom: rect.bottom };
    for (let element = start; element && element !== document.body; element = element.parentElement) {
      const { style, rect: outer, edges, isUnseen } = boxOf(element);
      if (isUnseen) return;
      if (style.display !== "contents" && style.display !== "inline") {
        const across = style.overflowX !== "visible";
        const down = style.overflowY !== "visible";
        if (across || down) {
          const frame = inside(element, outer);
          const hidden = [
            ...(["hidden", "clip"].includes(style.overflowX) ? ["left", "right"] : []),
            ...(["hidden", "clip"].includes(style.overflowY) ? ["top", "bottom"] : []),
          ];
          const side = beyond(seen, frame, hidden);
          if (side && !isElided(element, style)) {
            report("cut", element, `${shown} is cut at the ${side} of ${name(element)}`);
            return;
          }
          if (across) {
            seen.left = Math.max(seen.left, frame.left);
            seen.right = Math.min(seen.right, frame.right);
          }
          if (down) {
            seen.top = Math.max(seen.top, frame.top);
            seen.bottom = Math.min(seen.bottom, frame.bottom);
          }
          if (seen.left >= seen.right || seen.top >= seen.bottom) return;
        }
        const visible = Object.keys(edges).filter((side) => edges[side]);
        const side = beyond(seen, outer, visible);
        if (side) {
          report("out", element, `${shown} sticks out at the ${side} of ${name(element)}`);
          return;
        }
      }
      // What is taken out of the flow (a menu, a mark) was placed where it is.
      if (["absolute", "fixed"].includes(style.position)) return;
    }
  };

  const checkTexts = () => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const parent = node.parentElement;
      if (!node.data.trim() || parent.closest("option, script, style, noscript, textarea, title")) continue;
      if (!isSeen(parent)) continue;
      range.selectNodeContents(node);
      // A text that is moved off the page altogether is there for assistive technology.
      const rects = [...range.getClientRects()].filter((rect) => rect.width > 0 && rect.right > 0);
      for (const rect of rects) follow(rect, parent, `“${short(node.data)}”`);
      if (rects.length > 1) checkWords(node, range);
    }
  };

  // An address or a code may be broken anywhere, a word or a number of everyday length may not.
  const checkWords = (node, range) => {
    for (const match of node.data.matchAll(/(?<!\S)[\p{L}\p{N}{}+]{2,18}(?!\S)/gu)) {
      range.setStart(node, match.index);
      range.setEnd(node, match.index + match[0].length);
      const tops = [...range.getClientRects()].filter((rect) => rect.width > 0).map((rect) => rect.top);
      if (Math.max(...tops) - Math.min(...tops) > SLACK.down) {
        const parent = node.parentElement;
        report("broken", parent, `“${match[0]}” is broken in the middle in ${name(parent)}`);
      }
    }
  };

  const checkBoxes = () => {
    for (const element of document.body.querySelectorAll("*")) {
      if (element instanceof SVGElement && element.localName !== "svg") continue;
      const { style, rect, edges } = boxOf(element);
      const isDrawn = element.matches(CONTROLS) || Object.values(edges).some(Boolean);
      if (!isDrawn || !rect.width || !rect.height || !isSeen(element)) continue;
      const isOutOfFlow = ["absolute", "fixed"].includes(style.position);
      follow(rect, element.parentElement, name(element), isOutOfFlow);
    }
  };

  const checkScrolling = () => {
    const root = document.documentElement;
    if (root.scrollWidth > root.clientWidth) {
      const widest = [...document.body.querySelectorAll("*")]
        .filter(isSeen)
        .reduce((one, other) => (boxOf(other).rect.right > boxOf(one).rect.right ? other : one));
      report("wide", root, `the page is ${root.scrollWidth} px wide, up to ${name(widest)}`);
    }
    for (const element of document.body.querySelectorAll("*")) {
      const { style } = boxOf(element);
      if (!["auto", "scroll"].includes(style.overflowX) || element.matches("textarea, select")) continue;
      if (element.scrollWidth <= element.clientWidth + SLACK.across || !isSeen(element)) continue;
      // A deliberate one can be scrolled by keyboard.
      if (element.tabIndex >= 0) continue;
      const { scrollWidth, clientWidth } = element;
      report("scroll", element, `${name(element)} scrolls sideways, ${scrollWidth} in ${clientWidth} px`);
    }
  };

  // Whether a control shows its text whole: as wide as the text makes it, it is no wider.
  const checkControls = () => {
    const shownBy = (control) => {
      if (control.localName === "select") {
        const label = control.selectedOptions[0]?.label ?? "";
        const isElided = getComputedStyle(control).textOverflow === "ellipsis";
        return isElided && label.length > SHORT.choice ? "" : label;
      }
      if (BUTTONS.includes(control.type)) return control.value;
      const isScrolled = FREE_TEXT.includes(control.type) && !control.readOnly;
      if (isScrolled && control.value.length > SHORT.text) return "";
      return control.value || control.placeholder;
    };
    for (const list of document.querySelectorAll("select[multiple]")) {
      const wide = [...list.options].find((option) => option.scrollWidth > option.clientWidth + SLACK.across);
      if (wide && isSeen(list)) report("cut", list, `“${short(wide.label)}” is cut in ${name(list)}`);
    }
    const controls = [...document.querySelectorAll("select:not([multiple]), input")].filter(
      (control) => !WITHOUT_TEXT.includes(control.type) && isSeen(control) && shownBy(control),
    );
    const widths = controls.map((control) => control.offsetWidth);
    const natural = {
      "field-sizing": "content",
      position: "absolute",
      width: "max-content",
      "min-width": "0",
      "max-width": "none",
      transition: "none",
    };
    const before = controls.map(({ style }) => Object.keys(natural).map((one) => style.getPropertyValue(one)));
    for (const { style } of controls) {
      for (const [property, value] of Object.entries(natural)) style.setProperty(property, value, "important");
    }
    const needed = controls.map((control) => control.offsetWidth);
    // By property: of the attribute as a whole a strict policy has its own opinion.
    controls.forEach(({ style }, index) => {
      Object.keys(natural).forEach((property, place) => style.setProperty(property, before[index][place]));
    });
    controls.forEach((control, index) => {
      if (needed[index] <= widths[index] + SLACK.across) return;
      const size = `${widths[index]} px instead of ${needed[index]}`;
      report("cut", control, `“${short(shownBy(control))}” is cut in ${name(control)}[${control.name}], ${size}`);
    });
  };

  checkScrolling();
  checkBoxes();
  checkTexts();
  checkControls();
  return [...problems.values()];
}
