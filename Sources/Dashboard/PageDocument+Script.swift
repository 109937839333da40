extension PageDocument {
  /// Updates the page from the events of ``ServerSentEvents``.
  static let script = #"""
    "use strict";
    const status = document.getElementById("status");
    const sections = document.getElementById("sections");

    function show(state, text) {
      status.className = state;
      status.textContent = text;
    }

    function replace(section, event) {
      if (section.dataset.version === event.version) return;
      const heading = section.querySelector("h2");
      heading.textContent = event.title;
      heading.hidden = !event.title;
      const content = section.lastElementChild;
      // Keep open details and the scroll position.
      const open = Array.from(content.querySelectorAll("details"), details => details.open);
      const place = [section.scrollLeft, section.scrollTop];
      content.innerHTML = event.html;
      content.querySelectorAll("details").forEach((details, index) => {
        if (index < open.length) details.open = open[index];
      });
      [section.scrollLeft, section.scrollTop] = place;
      section.dataset.version = event.version;
    }

    function add(id) {
      const section = document.createElement("section");
      section.id = "section-" + id;
      section.append(document.createElement("h2"), document.createElement("div"));
      sections.append(section);
      return section;
    }

    function connect() {
      const events = new EventSource("/events");
      events.onopen = () => show("live", "Live");
      events.onerror = () => {
        show("lost", "Connection lost. The content may be out of date. Reconnecting …");
        // The browser reconnects by itself, unless the response was an error.
        if (events.readyState === EventSource.CLOSED) setTimeout(connect, 5000);
      };
      events.addEventListener("page", message => {
        const present = JSON.parse(message.data).sections.map(id => "section-" + id);
        for (const section of Array.from(sections.children)) {
          if (!present.includes(section.id)) section.remove();
        }
      });
      events.addEventListener("section", message => {
        const event = JSON.parse(message.data);
        replace(document.getElementById("section-" + event.id) ?? add(event.id), event);
      });
      events.addEventListener("finished", message => {
        events.close();
        show("finished", JSON.parse(message.data).message);
      });
    }

    connect();
    """#
}
