/* Concierge in a page: events, decisions and slots. Types: concierge.d.ts. No dependencies; a page works without it. */
(function (window, document) {
  "use strict";
  if (window.concierge) return;

  var COOKIE = "concierge_id", VISIT = "concierge_visit", YEAR = 31536000, VISIT_MS = 1800000;
  var FLUSH_MS = 250, ATTEMPTS = 3, HELD = 500, PLAIN = "plain", SHOWN = "shown";
  var settings = { endpoint: "", key: "", timeout: 300, context: {}, identifiers: [], dataLayer: "dataLayer" };
  var queue = [], timer = 0, asked = 0, opened = Date.now(), own = new WeakMap();

  // --- who: a first-party cookie, and a visit that ends after half an hour without an event

  function hex(bytes) {
    var values = window.crypto.getRandomValues(new Uint8Array(bytes)), text = "";
    for (var i = 0; i < bytes; i++) text += (values[i] + 256).toString(16).slice(1);
    return text;
  }

  function cookie() {
    var found = document.cookie.match(new RegExp("(?:^|; )" + COOKIE + "=([0-9a-f]{32})"));
    var value = found ? found[1] : hex(16);
    var secure = window.location.protocol === "https:" ? "; Secure" : "";
    document.cookie = COOKIE + "=" + value + "; Max-Age=" + YEAR + "; Path=/; SameSite=Lax" + secure;
    return value;
  }

  function visit() {
    var now = Date.now(), held = null;
    try { held = JSON.parse(window.sessionStorage.getItem(VISIT)); } catch (error) { /* not ours */ }
    if (!held || now - held.seen > VISIT_MS) held = { id: hex(8), began: now };
    held.seen = now;
    try { window.sessionStorage.setItem(VISIT, JSON.stringify(held)); } catch (error) { /* private mode */ }
    return held;
  }

  function people() {
    return [{ type: "cookie", value: cookie() }].concat(settings.identifiers);
  }

  function device() {
    var agent = window.navigator.userAgent;
    return /Mobi/.test(agent) ? "mobile" : /Tablet|iPad/.test(agent) ? "tablet" : "desktop";
  }

  // --- to the service

  function call(path, body, keepalive) {
    var headers = { "Content-Type": "application/json" };
    if (settings.key) headers.Authorization = "Bearer " + settings.key;
    if (settings.userToken) headers["X-Concierge-User-Token"] = settings.userToken;
    return window.fetch(settings.endpoint + path, {
      method: "POST", headers: headers, body: JSON.stringify(body), keepalive: !!keepalive, credentials: "omit"
    }).then(function (response) {
      if (response.ok) return response.json();
      var error = new Error("concierge: " + path + " answered " + response.status);
      error.status = response.status;
      throw error;
    });
  }

  function waits(error) {
    return !error.status || error.status === 429 || error.status >= 500;
  }

  /* Sent again when nobody answered or asked to wait; the event ids make a repeated batch count once. */
  function deliver(path, body, attempt, keepalive) {
    return call(path, body, keepalive).catch(function (error) {
      if (!waits(error) || attempt >= ATTEMPTS) throw error;
      return new Promise(function (done) { setTimeout(done, 200 * Math.pow(2, attempt)); })
        .then(function () { return deliver(path, body, attempt + 1, keepalive); });
    });
  }

  function flush(leaving) {
    clearTimeout(timer);
    timer = 0;
    if (!queue.length) return Promise.resolve();
    var events = queue.splice(0, 100);
    return deliver("/v1/events", { events: events }, 1, leaving === true).then(function () {
      return queue.length ? flush(leaving) : undefined;
    }, function (error) {
      // Nobody took them: they go with the next ones, as many as a page may hold back.
      if (waits(error)) queue = events.concat(queue).slice(0, HELD);
      throw error;
    });
  }

  function track(type, fields) {
    var event = { event_type: type, event_id: hex(16), session_id: visit().id, channel: "web", device_type: device() };
    event.identifiers = people();
    event.page_url = window.location.href.slice(0, 2000);
    for (var name in fields || {}) if (fields[name] != null) event[name] = fields[name];
    queue.push(event);
    if (!timer) timer = setTimeout(function () { flush().catch(quiet); }, FLUSH_MS);
  }

  function now(type, fields) {
    track(type, fields);
    return flush();
  }

  function page(fields) {
    opened = Date.now();
    track("page_viewed", Object.assign({ page_type: settings.context.page_type, referrer: document.referrer || null }, fields));
  }

  function consent(purposes) {
    return Promise.all(Object.keys(purposes).map(function (purpose) {
      var word = { identifiers: people(), purpose: purpose, granted: !!purposes[purpose], event_id: hex(16), channel: "web" };
      return deliver("/v1/consent", word, 1);
    }));
  }

  // --- decisions and slots

  function context(more) {
    var held = visit();
    var base = { device_type: device(), channel: "web", session_id: held.id, session_seconds: Math.round((Date.now() - held.began) / 1000) };
    return Object.assign(base, settings.context, more);
  }

  function decide(placements, more) {
    var body = { placements: placements, identifiers: people(), context: context(more), request_id: hex(8) };
    body.deadline_ms = settings.timeout;
    return call("/v1/decide", body).then(function (answer) { return answer.decisions; });
  }

  function within(promise, milliseconds) {
    return new Promise(function (resolve, reject) {
      setTimeout(function () { reject(new Error("concierge: no answer within " + milliseconds + " ms")); }, milliseconds);
      promise.then(resolve, reject);
    });
  }

  /* Slots keep their box and what the shop wrote into it; what was chosen takes that place, or nothing changes. */
  function render(more) {
    var slots = [].slice.call(document.querySelectorAll("[data-concierge-slot]"));
    if (!slots.length) return Promise.resolve([]);
    var names = slots.map(function (slot) { return slot.getAttribute("data-concierge-slot"); });
    var turn = ++asked, unique = names.filter(function (name, at) { return names.indexOf(name) === at; });
    return within(flush().catch(quiet).then(function () { return decide(unique, more); }), settings.timeout)
      .then(function (decisions) {
        // A later question has been asked meanwhile; its answer counts.
        if (turn !== asked) return [];
        slots.forEach(function (slot, at) { fill(slot, decisions[unique.indexOf(names[at])]); });
        return decisions;
      }, function () {
        slots.forEach(function (slot) { if (slot.getAttribute("data-concierge-state") !== SHOWN) mark(slot, PLAIN); });
        return [];
      });
  }

  function mark(slot, state) {
    slot.setAttribute("data-concierge-state", state);
  }

  /* With nothing to show, what the shop wrote comes back: an earlier answer may be paused or withdrawn by now. */
  function fill(slot, decision) {
    var made = (settings.renderers || {})[decision.placement] || draw, held = own.has(slot), drawn = false;
    if (!held) own.set(slot, slot.innerHTML);
    try { drawn = made(slot, decision) !== false; } catch (error) { held = true; }
    if (!drawn) {
      if (held) slot.innerHTML = own.get(slot);
      slot.removeAttribute("data-concierge-id");
      mark(slot, PLAIN);
      return;
    }
    mark(slot, SHOWN);
    slot.setAttribute("data-concierge-id", decision.personalization_id);
    seen(slot, decision);
  }

  /* Text only: nothing of a decision becomes markup. */
  function draw(slot, decision) {
    var content = decision.content || {}, headline = content.headline || content.title || content.message;
    if (!headline) return false;
    slot.textContent = "";
    add(slot, content.link ? "a" : "p", headline, "concierge-headline", content.link);
    (content.items || []).forEach(function (item) {
      add(slot, "span", item.name || item.category || item.product_id, "concierge-item").dataset.product = item.product_id;
    });
  }

  function add(parent, tag, text, name, link) {
    var made = document.createElement(tag);
    made.textContent = text;
    made.className = name;
    if (link && /^(https?:)?\//.test(link)) made.href = link;
    parent.appendChild(made);
    return made;
  }

  /* An exposure is told once half of the slot is on the screen: a decision that nobody saw taught nothing. */
  function seen(slot, decision) {
    function tell() {
      var exposure = { personalization_id: decision.personalization_id, placement: decision.placement };
      exposure.identifiers = people();
      exposure.session_id = visit().id;
      deliver("/v1/exposures", { exposures: [exposure] }, 1).catch(quiet);
    }
    if (!("IntersectionObserver" in window)) { tell(); return; }
    var watcher = new IntersectionObserver(function (entries) {
      if (entries.some(function (entry) { return entry.isIntersecting; })) { watcher.disconnect(); tell(); }
    }, { threshold: 0.5 });
    watcher.observe(slot);
  }

  // --- a data layer as tag managers keep it

  var LAYER = {
    view_item: "product_viewed", add_to_cart: "cart_added", remove_from_cart: "cart_removed",
    begin_checkout: "checkout_started", search: "searched", purchase: "order_completed"
  };

  function heard(entry) {
    var type = entry && LAYER[entry.event];
    if (!type) return;
    var shop = entry.ecommerce || entry, items = shop.items || [{}], common = { currency: shop.currency };
    if (type === "searched") track(type, { query: entry.search_term });
    else if (type === "order_completed") {
      var lines = items.map(function (item) { return { product_id: item.item_id, quantity: item.quantity || 1, price: item.price }; });
      track(type, Object.assign(common, { order_id: shop.transaction_id, amount: shop.value, properties: { products: lines } }));
    } else if (type === "checkout_started") track(type, common);
    else items.forEach(function (item) {
      track(type, Object.assign({}, common, {
        product_id: item.item_id, category: item.item_category, unit_price: item.price, quantity: item.quantity
      }));
    });
  }

  function follow() {
    var layer = window[settings.dataLayer] = window[settings.dataLayer] || [], push = layer.push;
    layer.forEach(heard);
    layer.push = function () {
      [].slice.call(arguments).forEach(heard);
      return push.apply(layer, arguments);
    };
  }

  function quiet() { /* a shop goes on without us */ }

  function init(given) {
    Object.assign(settings, given);
    if (settings.dataLayer) follow();
    window.addEventListener("pagehide", function () {
      if (settings.dwell) track("page_viewed", { page_type: settings.context.page_type, dwell_ms: Date.now() - opened });
      flush(true).catch(quiet);
    });
    return window.concierge;
  }

  window.concierge = {
    init: init, page: page, track: track, now: now, flush: flush, consent: consent, decide: decide, render: render,
    identify: function (identifiers, token) { settings.identifiers = identifiers; settings.userToken = token; }
  };
})(window, document);
