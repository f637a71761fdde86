// What a page must have for everybody to use it, checked in the page itself. Returns what is wrong, in words.
() => {
  const wrong = [];
  const say = (what, node) => wrong.push(what + ": " + (node ? node.outerHTML.slice(0, 120) : ""));
  const visible = (node) => node.checkVisibility({ visibilityProperty: true }) && !node.closest(".visually-hidden, .skip");

  // language, title, landmarks, headings, ids
  if (!document.documentElement.lang) say("no language");
  if (!document.title.trim()) say("no title");
  if (document.querySelectorAll("main").length !== 1) say("not one main landmark");
  if (document.querySelectorAll("h1").length !== 1) say("not one h1");
  let level = 0;
  for (const heading of document.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
    const own = Number(heading.tagName[1]);
    if (own > level + 1) say("a heading skips a level", heading);
    level = own;
  }
  const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) say("a doubled id " + id);
  for (const attribute of ["aria-labelledby", "aria-describedby", "for"]) {
    for (const node of document.querySelectorAll(`[${attribute}]`)) {
      for (const id of node.getAttribute(attribute).split(" ")) if (!ids.includes(id)) say(`${attribute} leads nowhere`, node);
    }
  }

  // names
  const named = (node) => (node.getAttribute("aria-label") || "").trim()
    || (node.getAttribute("aria-labelledby") || "").split(" ").some((id) => document.getElementById(id)?.textContent.trim())
    || [...(node.labels || [])].some((label) => label.textContent.trim())
    || node.textContent.trim()
    || [...node.querySelectorAll("img[alt]")].some((image) => image.alt.trim());
  for (const image of document.querySelectorAll("img")) if (!image.hasAttribute("alt")) say("an image without alt", image);
  for (const picture of document.querySelectorAll("svg:not([aria-hidden=true])")) {
    if (picture.getAttribute("role") !== "img" || !picture.querySelector("title")) say("a picture without a name", picture);
  }
  for (const node of document.querySelectorAll("a[href], button, textarea, select, input:not([type=hidden]), [role=region]")) {
    if (!named(node)) say("a control without a name", node);
  }
  for (const set of document.querySelectorAll("fieldset")) if (!set.querySelector("legend")) say("a fieldset without legend", set);
  for (const node of document.querySelectorAll("[tabindex]")) if (node.tabIndex > 0) say("a tab order of its own", node);

  // contrast of every text with what lies behind it
  const channels = (colour) => colour.match(/[\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = channels(colour).map((each) => {
      const part = each / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (node) => {
    for (let each = node; each; each = each.parentElement) {
      const ground = getComputedStyle(each).backgroundColor;
      const parts = channels(ground);
      if (parts.length < 4 || parts[3] === 1) return ground;
    }
    return "rgb(255, 255, 255)";
  };
  const ratio = (one, other) => {
    const [a, b] = [light(one), light(other)].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  };
  let compared = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || node.closest("svg, script") || !visible(node)) continue;
    const style = getComputedStyle(node);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
    const found = ratio(style.color, behind(node));
    compared += 1;
    if (found < (large ? 3 : 4.5)) say(`contrast ${found.toFixed(2)} of ${style.color} on ${behind(node)}`, node);
  }
  for (const field of document.querySelectorAll("textarea, label.option")) {
    const found = ratio(getComputedStyle(field).borderTopColor, behind(field.parentElement));
    if (found < 3) say(`contrast ${found.toFixed(2)} of an edge`, field);
  }
  for (const text of document.querySelectorAll("svg.diagram text")) {
    const shape = text.closest("g")?.querySelector(".body, rect");
    const ground = shape && getComputedStyle(shape).fill !== "none" ? getComputedStyle(shape).fill : behind(text.closest("svg"));
    if (ratio(getComputedStyle(text).fill, ground) < 4.5) say("contrast in the picture", text);
  }
  if (!compared) say("nothing was compared");

  // nothing to scroll sideways, nothing too small to touch
  if (document.scrollingElement.scrollWidth > window.innerWidth) say("the page is wider than the window");
  for (const node of document.querySelectorAll("button, .button, label.option, nav a")) {
    const box = node.getBoundingClientRect();
    if (visible(node) && box.height < 44) say(`only ${box.height} px high`, node);
  }
  return wrong;
}
