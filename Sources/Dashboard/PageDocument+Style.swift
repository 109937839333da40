extension PageDocument {
  /// The style sheet of the page, for light and dark mode and for screens from the width of a phone.
  static let styleSheet = """
    :root {
      color-scheme: light dark;
      --background: #f7f7f5; --surface: #ffffff; --text: #1f2328; --quiet: #5d646c; --line: #dedfdc;
      --live: #1a7f37; --lost: #b3261e;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --background: #16181b; --surface: #1f2226; --text: #e4e6e8; --quiet: #a0a7ae; --line: #363b41;
        --live: #57c26f; --lost: #ff8a80;
      }
    }
    * { box-sizing: border-box; }
    body { margin: 0; background: var(--background); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
    header, main { max-width: 84rem; margin: 0 auto; padding: 1rem; }
    header { display: flex; flex-wrap: wrap; gap: 0 1.5rem; align-items: baseline; padding-bottom: 0; }
    h1 { font-size: 1.5rem; margin: 0; overflow-wrap: anywhere; }
    h2 { font-size: 1.1rem; margin: 0 0 0.5rem; overflow-wrap: anywhere; }
    #status { margin: 0; color: var(--quiet); overflow-wrap: anywhere; }
    #status.live::before { content: "● "; color: var(--live); }
    #status.lost {
      position: fixed; inset: auto 1rem 1rem; padding: 0.5rem 0.75rem; z-index: 1;
      background: var(--surface); color: var(--lost); border: 1px solid var(--lost); border-radius: 0.5rem;
    }
    #status.finished::before { content: "■ "; }
    main { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); }
    main > section {
      min-width: 0; overflow-x: auto; padding: 1rem;
      background: var(--surface); border: 1px solid var(--line); border-radius: 0.5rem;
    }
    section svg, section img { max-width: 100%; height: auto; }
    section p:first-child { margin-top: 0; }
    table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
    th, td { padding: 0.25rem 0.75rem 0.25rem 0; text-align: left; border-bottom: 1px solid var(--line); }
    a { color: inherit; }
    @media print { #status { display: none; } body { background: none; } }

    """
}
