/* The demo shop's own script: what a shop does with the snippet. */
(function () {
  "use strict";
  var shop = window.SHOP, why = document.getElementById("why"), concierge = window.concierge;

  function load(name, otherwise) {
    try { return JSON.parse(window.localStorage.getItem(name)) || otherwise; } catch (error) { return otherwise; }
  }
  function save(name, value) { window.localStorage.setItem(name, JSON.stringify(value)); }

  var card = load("shop_card", ""), cart = load("shop_cart", []);

  function context() {
    var value = cart.reduce(function (sum, line) { return sum + (line.unit_price || 0); }, 0);
    return Object.assign({}, shop.context, {
      product_ids: cart.map(function (line) { return line.product_id; }).slice(-20), cart_value: Math.round(value * 100) / 100
    });
  }

  function tiles(slot, decision) {
    var items = decision.content.items || [];
    if (!items.length) return text(slot, decision.content.title);
    text(slot, decision.content.title);
    var row = slot.appendChild(document.createElement("div"));
    row.className = "tiles";
    items.forEach(function (item) {
      var known = shop.names[item.product_id] || [item.category || item.product_id, item.category || ""];
      var tile = row.appendChild(document.createElement("a"));
      tile.className = "tile";
      tile.href = "/product/" + encodeURIComponent(item.product_id);
      tile.textContent = known[0];
    });
  }

  function text(slot, words) {
    slot.textContent = "";
    var line = slot.appendChild(document.createElement("p"));
    line.className = "concierge-headline";
    line.textContent = words || "";
  }

  function explain(decisions, waited) {
    why.textContent = "";
    decisions.forEach(function (decision) {
      var item = why.appendChild(document.createElement("li")), name = document.createElement("strong");
      name.textContent = decision.placement + ": " + decision.action;
      item.appendChild(name);
      item.appendChild(document.createTextNode(" " + decision.reason + " (" + decision.rung + ")"));
    });
    var last = why.appendChild(document.createElement("li"));
    last.className = "soft";
    last.id = "waited";
    last.textContent = decisions.length ? "answered in " + waited + " ms" : "no answer in time: the page stays as it is";
  }

  function show() {
    var began = performance.now();
    return concierge.render(context()).then(function (decisions) {
      explain(decisions, Math.round(performance.now() - began));
      document.body.dataset.rendered = String(Number(document.body.dataset.rendered || 0) + 1);
    });
  }

  function happened(type, fields) {
    return concierge.now(type, fields).catch(function () { /* the shop goes on */ }).then(show);
  }

  function draw() {
    document.getElementById("cart-count").textContent = String(cart.length);
    var list = document.getElementById("cart-lines");
    if (!list) return;
    list.textContent = "";
    cart.forEach(function (line, at) {
      var item = list.appendChild(document.createElement("li")), remove = document.createElement("button");
      item.textContent = line.name + " ";
      remove.textContent = "Remove";
      remove.className = "quiet";
      remove.onclick = function () {
        cart.splice(at, 1);
        save("shop_cart", cart);
        draw();
        happened("cart_removed", { product_id: line.product_id, category: line.category });
      };
      item.appendChild(remove);
    });
  }

  function on(id, action) {
    var element = document.getElementById(id);
    if (element) element.addEventListener(element.tagName === "FORM" ? "submit" : "click", action);
  }

  concierge.init({
    endpoint: "/concierge", timeout: 3000, context: shop.context, renderers: { product_recommendation: tiles },
    identifiers: card ? [{ type: "loyalty_id", value: card }] : []
  });
  document.getElementById("loyalty").value = card;
  draw();

  on("who", function (event) {
    event.preventDefault();
    card = document.getElementById("loyalty").value.trim();
    save("shop_card", card);
    concierge.identify(card ? [{ type: "loyalty_id", value: card }] : []);
    show();
  });
  on("add", function (event) {
    var line = JSON.parse(event.target.dataset.product);
    cart.push(line);
    save("shop_cart", cart);
    draw();
    happened("cart_added", { product_id: line.product_id, category: line.category, unit_price: line.unit_price });
  });
  on("size-guide", function () { happened("size_guide_opened", { product_id: shop.viewed.product_id }); });
  on("buy", function () {
    if (!cart.length) return;
    var amount = cart.reduce(function (sum, line) { return sum + (line.unit_price || 0); }, 0);
    var lines = cart.map(function (line) { return { product_id: line.product_id, quantity: 1, price: line.unit_price || 0 }; });
    cart = [];
    save("shop_cart", cart);
    draw();
    happened("order_completed", { order_id: "shop-" + Date.now(), amount: amount, properties: { products: lines } });
  });
  on("refuse", function () { concierge.consent({ personalization: false }).then(show); });
  on("forget", function () {
    document.cookie = "concierge_id=; Max-Age=0; Path=/";
    window.localStorage.clear();
    window.sessionStorage.clear();
    window.location.href = "/";
  });

  if (shop.viewed) happened("product_viewed", { product_id: shop.viewed.product_id, category: shop.viewed.category, unit_price: shop.viewed.unit_price, page_type: "product" });
  else { concierge.page(); show(); }
})();
