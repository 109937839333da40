/// The style sheet of pages, for phones, desktops and print, with a light and a dark theme.
enum PageStyle {
  static let sheet = Markup(
    constant: """

      :root{color-scheme:light dark;--paper:#f4f5f7;--card:#ffffff;--ink:#1b2026;--soft:#57606a;--line:#e0e4e8;
      --accent:#00639b;--tint:#eaf3f9;--warm:#fdf5e6;--warm-line:#d48f00}
      @media screen and (prefers-color-scheme:dark){
      :root{--paper:#0f1216;--card:#171b20;--ink:#eceff2;--soft:#a3adb8;--line:#2b323a;
      --accent:#6cb8ea;--tint:#12283a;--warm:#2a2213;--warm-line:#e69f00}}
      *,*::before,*::after{box-sizing:border-box}
      html{-webkit-text-size-adjust:100%;scroll-padding-top:1.5rem}
      body{margin:0;background:var(--paper);color:var(--ink);
      font:1rem/1.6 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
      overflow-wrap:break-word;font-feature-settings:"kern"}
      body>*{max-width:80rem;margin-inline:auto;padding-inline:clamp(1rem,4vw,3rem)}
      .skip{position:absolute;left:-100vw;top:0;padding:.75rem 1rem;background:var(--accent);color:var(--card);
      z-index:1}
      .skip:focus{left:0}
      a{color:var(--accent);text-underline-offset:.15em;text-decoration-thickness:1px}
      :focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:4px}
      .top{padding-block:clamp(2.5rem,7vw,5rem) 1.5rem}
      h1{margin:0;font-size:clamp(2rem,5vw,3.1rem);line-height:1.1;letter-spacing:-.025em;font-weight:700;
      text-wrap:balance}
      .top p{margin:.9rem 0 0;max-width:44rem;font-size:clamp(1.05rem,2vw,1.25rem);color:var(--soft)}
      .contents ol{display:flex;flex-wrap:wrap;gap:.5rem;margin:0;padding:0;list-style:none}
      .contents a{display:block;padding:.35rem .9rem;border:1px solid var(--line);border-radius:2rem;
      background:var(--card);color:var(--ink);text-decoration:none;font-size:.9rem}
      .contents a:hover{border-color:var(--accent);color:var(--accent)}
      main>section{margin-top:clamp(3rem,7vw,5rem)}
      section section{margin-top:2.75rem}
      h2{margin:0 0 1.25rem;font-size:clamp(1.5rem,3vw,2rem);line-height:1.2;letter-spacing:-.02em;text-wrap:balance}
      h3{margin:0 0 .9rem;font-size:1.25rem;line-height:1.3;letter-spacing:-.01em}
      h4,h5,h6{margin:0 0 .75rem;font-size:1.05rem}
      p,main ul{max-width:44rem;margin:0 0 1.1rem}
      main li+li{margin-top:.35rem}
      code{font:.92em ui-monospace,"SF Mono",Menlo,Consolas,"Liberation Mono",monospace;background:var(--tint);
      padding:.1em .35em;border-radius:4px}
      pre{margin:0 0 1.25rem;padding:1rem 1.2rem;background:var(--card);border:1px solid var(--line);border-radius:12px;
      overflow-x:auto;line-height:1.5}
      pre code{background:none;padding:0}
      .note{padding:.9rem 1.2rem;background:var(--warm);border-left:4px solid var(--warm-line);
      border-radius:4px 12px 12px 4px}
      .cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,11.5rem),1fr));gap:1rem;
      margin:0 0 1.75rem}
      .cards div{padding:1.15rem 1.3rem;background:var(--card);border:1px solid var(--line);border-radius:16px}
      .cards dt{color:var(--soft);font-size:.875rem}
      .cards dd{margin:.2rem 0 0;font-size:1.85rem;line-height:1.2;font-weight:650;letter-spacing:-.02em;
      font-variant-numeric:tabular-nums}
      .cards dd.remark{font-size:.85rem;font-weight:400;letter-spacing:0;line-height:1.45;color:var(--soft)}
      main ul.statements{list-style:none;padding:0;max-width:none;margin:0 0 1.75rem;background:var(--card);
      border:1px solid var(--line);border-radius:16px}
      .statements li{display:grid;grid-template-columns:8.5rem 1fr;gap:1.25rem;align-items:baseline;
      padding:.95rem 1.4rem;margin:0}
      .statements li+li{margin:0;border-top:1px solid var(--line)}
      .statements b{font-size:1.3rem;line-height:1.3;letter-spacing:-.01em;color:var(--accent);
      font-variant-numeric:tabular-nums;text-align:right}
      .table{overflow-x:auto;margin:0 0 1.75rem;background:var(--card);border:1px solid var(--line);border-radius:16px}
      table{width:100%;border-collapse:collapse;font-size:.93rem;line-height:1.45;font-variant-numeric:tabular-nums}
      caption{padding:1rem 1.3rem .35rem;text-align:left;font-weight:600}
      th,td{padding:.55rem .9rem;text-align:left;vertical-align:baseline;border-top:1px solid var(--line);
      overflow-wrap:normal}
      th:first-child{padding-left:1.3rem}
      th:last-child,td:last-child{padding-right:1.3rem}
      thead th{border-top:0;color:var(--soft);font-weight:500;font-size:.85rem}
      tbody th{font-weight:500}
      tbody td:not(.number){min-width:9rem}
      .number{text-align:right;white-space:nowrap}
      .best{background:var(--tint)}
      .best th,.best td{font-weight:650}
      figure{margin:0 0 1.75rem;background:var(--card);border:1px solid var(--line);border-radius:16px}
      .box{overflow-x:auto;padding:1.3rem 1.3rem .5rem}
      .plot .box>svg{display:block;width:100%;height:auto}
      .picture .box>img{display:block;max-width:100%;height:auto;image-rendering:pixelated;border-radius:6px}
      .picture .box>svg{display:block;margin-top:1rem;max-width:100%;height:auto}
      figcaption{padding:.5rem 1.3rem 1.15rem;color:var(--soft);font-size:.9rem;line-height:1.5;max-width:52rem}
      .gallery{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,15rem),1fr));gap:1.25rem;
      margin:0 0 1.75rem}
      .gallery:has(.wide){grid-template-columns:repeat(auto-fill,minmax(min(100%,19rem),1fr))}
      .gallery figure{margin:0}
      .gallery:has(.plot){grid-template-columns:repeat(auto-fit,minmax(min(100%,29rem),1fr))}
      .definitions{margin:0 0 1.75rem;background:var(--card);border:1px solid var(--line);border-radius:16px;
      padding:.4rem 1.3rem}
      .definitions div{display:grid;grid-template-columns:minmax(8rem,14rem) 1fr;gap:1.25rem;padding:.6rem 0}
      .definitions div+div{border-top:1px solid var(--line)}
      .definitions dt{color:var(--soft)}
      .definitions dd{margin:0}
      details{margin:0 0 1.75rem}
      summary{cursor:pointer;width:fit-content;margin-bottom:1rem;font-weight:500;color:var(--accent)}
      footer{margin-top:5rem;padding-block:2rem 3rem;color:var(--soft);font-size:.875rem}
      @media (max-width:34rem){
      .statements li{grid-template-columns:1fr;gap:.1rem}
      .statements b{text-align:left}
      .cards{grid-template-columns:repeat(auto-fit,minmax(min(100%,9rem),1fr));gap:.75rem}
      .cards div{padding:.95rem 1rem}
      .cards dd{font-size:1.5rem}
      .definitions div{grid-template-columns:1fr;gap:.1rem}
      .box{padding:1rem 1rem .35rem}}
      @media print{
      @page{margin:18mm 16mm}
      :root{--paper:#ffffff}
      body{font-size:10pt}
      body>*{max-width:none;padding-inline:0}
      .skip,.contents{display:none}
      .top{padding-block:0 1rem}
      main>section{margin-top:0;padding-top:1.5rem}
      main>section+section{break-before:page}
      h2,h3,h4,caption{break-after:avoid}
      figure,.cards div,.statements li,tr,.note{break-inside:avoid}
      thead{display:table-header-group}
      .table,.box{overflow:visible}
      .plot .box>svg{min-width:0!important;max-height:225mm}
      details::details-content{display:block;content-visibility:visible;height:auto}
      a{color:inherit;text-decoration:none}
      *{-webkit-print-color-adjust:exact;print-color-adjust:exact}}

      """)
}
