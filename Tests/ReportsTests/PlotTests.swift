import Foundation
import FoundationXML
import Reports
import Testing

@Suite struct PlotTests {
  @Test(arguments: Samples.plots.map(\.name)) func plotMatchesGolden(name: String) throws {
    let plot = try #require(Samples.plots.first { $0.name == name }).plot
    #expect(plot.svg == plot.svg)
    try Golden.check(plot.svg.document, "\(name).svg")
  }

  @Test(arguments: Samples.plots.indices) func hasTextAlternative(index: Int) throws {
    let plot = Samples.plots[index].plot
    let elements = try ParsedXML(plot.svg.document).elements
    #expect(elements[0].attributes["role"] == "img")
    #expect(elements[0].attributes["aria-label"] == "\(plot.title). \(plot.summary)")
    #expect(elements[1].name == "title" && elements[1].text == plot.title)
    #expect(elements[2].name == "desc" && elements[2].text == plot.summary && plot.summary.count > 20)
  }

  @Test func plotsAreWellFormedWithFiniteCoordinates() throws {
    for plot in Samples.difficult + Samples.plots.map(\.plot) {
      let svg = plot.svg.document
      let parsed = try ParsedXML(svg)
      #expect(!parsed.elements.contains { $0.name == "script" })
      let coordinates = ["x", "y", "d", "width", "height", "viewBox", "transform"]
      for element in parsed.elements {
        for (name, value) in element.attributes where coordinates.contains(name) {
          #expect(!value.contains("nan") && !value.contains("inf"), "\(type(of: plot)) \(value)")
        }
      }
    }
  }

  @Test func escapesNames() throws {
    let plot = BarPlot(
      Samples.hostile, horizontal: Axis("x"), vertical: Axis("y"), bars: [.init(Samples.hostile, 1)])
    let parsed = try ParsedXML(plot.svg.document)
    let shown = "<script>alert('x')</script>&amp;\"]]>␀␛[31m\u{fffd} --> 猫"
    #expect(parsed.elements[1].text == shown)
    #expect(parsed.elements.contains { $0.text == "\(shown): 1" })
  }

  @Test func saysNoDataWithoutData() {
    let (x, y) = (Axis("x"), Axis("y"))
    let plots: [any Plot] = [
      LinePlot("t", horizontal: x, vertical: y, series: []),
      LinePlot("t", horizontal: x, vertical: y, series: [.init("s", [PlotPoint(.nan, 1)])], diagonal: "equal"),
      ScatterPlot("t", horizontal: x, vertical: y, groups: []), BarPlot("t", horizontal: x, vertical: y, bars: []),
      Histogram("t", horizontal: x, vertical: y, edges: [], series: []),
      GanttPlot("t", horizontal: x, vertical: y, rows: [], kinds: [], spans: []),
    ]
    for plot in plots { #expect(plot.svg.document.contains(">no data<"), "\(type(of: plot))") }
  }

  @Test func largeMatrixIsOneRaster() {
    let many = Samples.confusion(names: (0..<256).map { "class \($0)" }).svg.document
    #expect(many.contains("<image") && many.utf8.count < 200_000)
    let labels = many.components(separatedBy: "<text").count
    #expect(60..<200 ~= labels, "some names are left out")
    #expect(!Samples.confusion(names: ["one"]).svg.document.contains("<image"))
  }

  @Test(arguments: [
    (Axis("a"), 0.0, 97.0, ["0", "20", "40", "60", "80", "100"]), (Axis("a", format: .whole), 1, 3, ["1", "2", "3"]),
    (Axis("a", format: .percent), 0.801, 0.94, ["80 %", "85 %", "90 %", "95 %"]),
    (
      Axis("a"), -0.0021, 0.0007, ["−0.0025", "−0.0020", "−0.0015", "−0.0010", "−0.0005", "0.0000", "0.0005", "0.0010"]
    ),
    (Axis("a", scale: .logarithmic), 0.9, 30, ["0.5", "1", "2", "5", "10", "20", "50"]),
    (Axis("a", scale: .logarithmic), 1e-6, 1e6, ["10⁻⁶", "0.001", "1", "1,000", "1,000,000"]),
    (Axis("a", range: 0...60_000), 5, 6, ["0", "10,000", "20,000", "30,000", "40,000", "50,000", "60,000"]),
  ]) func ticksAreRoundNumbers(axis: Axis, low: Double, high: Double, labels: [String]) throws {
    let plot = LinePlot(
      "t", horizontal: Axis("x"), vertical: axis, series: [.init("s", [PlotPoint(0, low), PlotPoint(1, high)])])
    let elements = try ParsedXML(plot.svg.document).elements
    // The tick labels, followed by the name of the other axis.
    let ends = elements.filter { $0.attributes["text-anchor"] == "end" }.map(\.text)
    #expect(ends == labels + ["x"])
  }
}
