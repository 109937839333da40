/// The style sheet of all plots. The background is white, or dark in the dark theme; in print, it is always white.
///
/// The rules use literal colors, because SVG programs other than browsers do not support variables.
enum PlotStyle {
  /// The number of colors of the color-blind safe palette of Okabe and Ito (2008), without yellow, which is invisible
  /// on white.
  static let colors = 7

  /// The number of dash patterns; series also differ by these.
  private static let dashes = 4

  /// The classes of a line.
  static func line(_ series: Int) -> String { "plot-line plot-s\(series % colors) plot-d\(series % dashes)" }

  /// The classes of the outline of a shape.
  static func stroke(_ series: Int) -> String { "plot-line plot-s\(series % colors)" }

  /// The class of the interior of a shape.
  static func fill(_ series: Int) -> String { "plot-f\(series % colors)" }

  static let sheet = Markup(
    constant: """

      .plot-image{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
      .plot-image text{fill:#57606a;font-variant-numeric:tabular-nums}
      .plot-image .plot-title{fill:#1b2026;font-size:15px;font-weight:600}
      .plot-image .plot-strong{fill:#1b2026;font-weight:600}
      .plot-image .plot-value{fill:#1b2026}
      .plot-image .plot-over{fill:#1b2026;paint-order:stroke;stroke:#ffffff;stroke-width:4px;stroke-linejoin:round}
      .plot-image .plot-small{font-size:10px}
      .plot-image .plot-on-dark{fill:#ffffff}
      .plot-image .plot-on-light{fill:#14181d}
      .plot-paper{fill:#ffffff}
      .plot-grid{fill:none;stroke:#e3e7eb;stroke-width:1}
      .plot-axis{fill:none;stroke:#9aa4ae;stroke-width:1}
      .plot-reference{fill:none;stroke:#6c7781;stroke-width:1.2;stroke-dasharray:3 4}
      .plot-halo{fill:none;stroke:#6c7781;stroke-opacity:.3;stroke-width:3;stroke-linejoin:round}
      .plot-trace{fill:none;stroke-width:1.7;stroke-linejoin:round}
      .plot-best{fill:none;stroke:#1b2026;stroke-width:6;stroke-linejoin:round}
      .plot-box{fill:#f6f8fa;stroke:#c5ccd3}
      .plot-leaf{fill:#e8f2fa;stroke:#0072b2}
      .plot-missing{fill:#b4bbc2}
      .plot-whisker{fill:none;stroke:#1b2026;stroke-width:1.3}
      .plot-line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
      .plot-dot{fill:none;stroke-width:6;stroke-linecap:round}
      .plot-mark{fill:none;stroke-width:1.6;stroke-linejoin:round;stroke-linecap:round}
      .plot-band{fill-opacity:.16}
      .plot-shape{fill-opacity:.3}
      .plot-bar{fill-opacity:.88}
      .plot-d1{stroke-dasharray:8 5}
      .plot-d2{stroke-dasharray:1.5 4.5}
      .plot-d3{stroke-dasharray:9 4 1.5 4}
      .plot-s0{stroke:#0072b2}.plot-f0{fill:#0072b2}
      .plot-s1{stroke:#d55e00}.plot-f1{fill:#d55e00}
      .plot-s2{stroke:#009e73}.plot-f2{fill:#009e73}
      .plot-s3{stroke:#cc79a7}.plot-f3{fill:#cc79a7}
      .plot-s4{stroke:#e69f00}.plot-f4{fill:#e69f00}
      .plot-s5{stroke:#56b4e9}.plot-f5{fill:#56b4e9}
      .plot-s6{stroke:#1b2026}.plot-f6{fill:#1b2026}
      @media screen and (prefers-color-scheme:dark){
      .plot-image text{fill:#a3adb8}
      .plot-image .plot-title,.plot-image .plot-strong,.plot-image .plot-value{fill:#eceff2}
      .plot-image .plot-over{fill:#eceff2;stroke:#171b20}
      .plot-paper{fill:#171b20}
      .plot-grid{stroke:#2b323a}
      .plot-axis{stroke:#5d6873}
      .plot-reference{stroke:#98a3ae}
      .plot-halo{stroke:#c3ccd5}
      .plot-best,.plot-whisker{stroke:#eceff2}
      .plot-box{fill:#20262d;stroke:#3d4650}
      .plot-leaf{fill:#10293b;stroke:#3c9bd6}
      .plot-missing{fill:#4b545e}
      .plot-s0{stroke:#2f8fce}.plot-f0{fill:#2f8fce}
      .plot-s6{stroke:#eceff2}.plot-f6{fill:#eceff2}
      }

      """)
}
