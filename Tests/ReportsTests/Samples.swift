import Datasets
import Foundation
import Reports

/// One plot of each kind, and difficult cases.
enum Samples {
  /// Contains a script that must not run, and characters that XML forbids.
  static let hostile = "<script>alert('x')</script>&amp;\"]]>\u{0}\u{1b}[31m\u{fffe} --> 猫"

  private static let percent = Axis("accuracy", format: .percent)
  private static let loss = ColorScale(Axis("score", format: .percent), map: .viridis)

  /// The plots by file name.
  static let plots: [(name: String, plot: any Plot)] = [
    ("lines", lines), ("roc", roc), ("logarithmic", logarithmic), ("scatter", scatter), ("bars", bars),
    ("histogram", histogram), ("confusion", confusion(names: clothes)), ("signed", signed),
    ("parallel-coordinates", parallel), ("gantt", gantt), ("tree", tree), ("color-scale", loss),
  ]

  static let clothes = [
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
  ]

  static let lines: LinePlot = {
    func curve(_ limit: Double, _ rate: Double) -> [PlotPoint] {
      (1...12).map { PlotPoint(Double($0), limit - 0.3 / (1 + rate * Double($0 * $0))) }
    }
    let test = curve(0.925, 0.4)
    return LinePlot(
      "Accuracy while training", horizontal: Axis("epoch", format: .whole), vertical: percent,
      series: [
        .init("training images", curve(0.97, 0.2)),
        .init("test images", test, band: test.map { $0.y - 0.012...$0.y + 0.012 }),
        .init("forest", (1...12).map { PlotPoint(Double($0), 0.88) }),
      ], markers: [PlotMarker(9, label: "best")])
  }()

  static let roc = LinePlot(
    "Receiver operating characteristic", horizontal: Axis("false positive rate", format: .percent, range: 0...1),
    vertical: Axis("true positive rate", format: .percent, range: 0...1),
    series: [
      .init("Shirt", stride(from: 0.0, through: 1, by: 0.02).map { PlotPoint($0, $0 * (2 - $0)) }),
      .init("Coat", [(0, 0), (0.05, 0.6), (0.2, 0.9), (1, 1)].map { PlotPoint($0.0, $0.1) }, isStepped: true),
    ], diagonal: "chance")

  static let logarithmic = LinePlot(
    "Learning rate range", horizontal: Axis("learning rate", scale: .logarithmic),
    vertical: Axis("loss", unit: "nats"),
    series: [
      .init(
        "loss", stride(from: 0.0, through: 14, by: 0.5).map { PlotPoint(1e-5 * exp2($0), 2.3 - $0 * (20 - $0) / 50) })
    ]
  )

  static let scatter = ScatterPlot(
    "Time against score", horizontal: Axis("time", unit: "s", scale: .logarithmic), vertical: percent,
    groups: [
      .init("forest", (1...9).map { PlotPoint(Double($0 * $0), 0.8 + Double($0) / 110) }),
      .init("cnn", (1...9).map { PlotPoint(Double($0 * 20), 0.86 + Double(($0 * 7) % 10) / 150) }),
      .init("knn", [PlotPoint(2, 0.85), PlotPoint(3, 0.855)], labels: ["k = 3", "k = 7"]),
    ], front: .init("Pareto front", [PlotPoint(1, 0.81), PlotPoint(3, 0.855), PlotPoint(20, 0.9)]))

  static let bars = BarPlot(
    "Recall by class", horizontal: Axis("recall", format: .percent, range: 0...1), vertical: Axis("class"),
    bars: clothes.enumerated().map { place, name in
      let value = 0.98 - Double((place * 37) % 11) / 40
      return .init(name, value, interval: value - 0.02...min(1, value + 0.015), group: name == "Shirt" ? 1 : 0)
    }, groups: ["class", "worst class"], markers: [PlotMarker(0.86, label: "mean")])

  static let histogram = Histogram(
    "Brightness", horizontal: Axis("mean gray value"), vertical: Axis("images", format: .whole),
    values: [
      ("training", (0..<4000).map { spread($0, 37, 90) + spread($0, 91, 120) }),
      ("test", (0..<2000).map { spread($0, 53, 60) + spread($0, 17, 70) + 60 }),
    ], bins: 30)

  /// Pseudo-random numbers.
  private static func spread(_ place: Int, _ factor: Int, _ limit: Int) -> Double { Double(place * factor % limit) }

  static func confusion(names: [String]) -> HeatMap {
    var values: [Double] = []
    for row in names.indices {
      for column in names.indices {
        values.append(row == column ? 920 - spread(row, 13, 90) : spread(row * 31 + column * 17, 1, 19))
      }
    }
    return HeatMap(
      "Confusion matrix", horizontal: Axis("predicted class"), vertical: Axis("true class"), columns: names,
      rows: names, values: values, scale: ColorScale(Axis("images", format: .whole), map: .blues))
  }

  static let signed = HeatMap(
    "Correlation", horizontal: Axis("feature"), vertical: Axis("feature"), columns: ["a", "b", "c"],
    rows: ["a", "b", "c"], values: [1, -0.5, .nan, -0.5, 1, 0.1, .nan, 0.1, 1],
    scale: ColorScale(Axis("correlation", range: -1...1), map: .diverging))

  static let parallel = ParallelCoordinates(
    "Trials of the sweep",
    dimensions: [
      .init(Axis("trees", format: .whole)), .init(Axis("depth")), .init(Axis("rate", scale: .logarithmic)),
      .init(Axis("criterion"), categories: ["gini", "entropy"]),
    ],
    lines: (0..<24).map { (trial: Int) -> ParallelCoordinates.Line in
      let rate = trial == 5 ? Double.nan : 1e-4 * exp2(spread(trial, 1, 9))
      let values = [100 + spread(trial, 100, 300), 5 + spread(trial, 3, 21), rate, spread(trial, 1, 2)]
      return .init("trial \(trial)", values, score: 0.8 + Double(trial) / 250)
    }, scale: loss, emphasized: 23)

  static let gantt = GanttPlot(
    "Cluster activity", horizontal: Axis("time", unit: "s"), vertical: Axis("worker"),
    rows: ["worker-1", "worker-2", "worker-3"], kinds: ["step", "exchange", "waiting"],
    spans: (0..<48).map { place in
      let start = Double(place / 3) * 1.25 + Double(place % 3) * 0.1
      return .init(row: place % 3, kind: place / 3 % 3, start: start, end: start + 1.1, label: "step \(place)")
    }, markers: [PlotMarker(11, label: "worker-2 lost")])

  static let tree = TreePlot(
    "Path of image 17", classes: clothes,
    steps: [
      .init(
        test: "row 12, column 7 ≤ 83.5", value: "120", counts: clothes.map { _ in 6000 },
        taken: .init("no", images: 31_204), other: .init("yes", images: 28_796), takesLeft: false),
      .init(
        test: "row 3, column 14 ≤ 1.5", value: "0", counts: [4000, 90, 5200, 3000, 5600, 10, 4700, 0, 5000, 3604],
        taken: .init("yes", images: 9100), other: .init("no", images: 22_104), takesLeft: true),
    ], leaf: [120, 0, 31, 15, 60, 0, 871, 0, 3, 0])

  /// Every kind of plot without data, with a single value, with values that have no position, with hostile names, and
  /// with very many values.
  static let difficult: [any Plot] = {
    let names = ["", "one", hostile]
    let axis = Axis(hostile, unit: hostile)
    let logarithmic = Axis("log", scale: .logarithmic)
    let wrong: [Double] = [
      .nan, .infinity, -.infinity, 0, -1, 1e308, -1e308, .leastNonzeroMagnitude, 1e-300, .greatestFiniteMagnitude, 1e15,
      1e15 + 2,
    ]
    let points = wrong.flatMap { x in wrong.map { PlotPoint(x, $0) } }
    let many = (0..<256).map { "class \($0)" }
    var plots: [any Plot] = []
    for axis in [
      axis, logarithmic, Axis("stated", format: .percent, range: -.infinity ... .infinity),
      Axis("whole", format: .whole),
    ] {
      for points in [[], [PlotPoint(0, 0)], [PlotPoint(.nan, 1)], points, points.map { PlotPoint($0.x, 3) }] {
        let band = points.map { $0.y.isNaN ? 0...1 : $0.y...Double.infinity }
        plots.append(
          LinePlot(
            hostile, horizontal: axis, vertical: axis, series: [.init(hostile, points, band: band)], diagonal: hostile,
            markers: wrong.map { PlotMarker($0, label: hostile) }))
        plots.append(
          ScatterPlot(
            hostile, horizontal: axis, vertical: axis, groups: [.init(hostile, points), .init("", [])],
            front: .init("front", points)))
      }
      for values in [[], [0], wrong] {
        plots.append(
          BarPlot(
            hostile, horizontal: axis, vertical: axis,
            bars: values.map { .init(hostile, $0, interval: $0.isNaN ? nil : $0...Double.infinity) }))
        plots.append(Histogram(hostile, horizontal: axis, vertical: axis, values: [(hostile, values)], bins: 3))
        plots.append(
          HeatMap(
            hostile, horizontal: axis, vertical: axis, columns: values.map { _ in hostile }, rows: [hostile],
            values: values, scale: ColorScale(axis, map: .viridis)))
        plots.append(
          ParallelCoordinates(
            hostile, dimensions: [.init(axis), .init(axis, categories: names)],
            lines: values.map { .init(hostile, [$0, $0], score: $0) }, scale: ColorScale(axis, map: .viridis),
            emphasized: values.isEmpty ? nil : 0))
        plots.append(
          GanttPlot(
            hostile, horizontal: axis, vertical: axis, rows: names, kinds: names,
            spans: values.map { .init(row: 1, kind: 2, start: 0, end: $0, label: hostile) }))
      }
      plots.append(ColorScale(axis, map: .diverging))
      plots.append(LinePlot("", horizontal: axis, vertical: axis, series: []))
      plots.append(ParallelCoordinates("", dimensions: [], lines: [], scale: ColorScale(axis, map: .blues)))
      plots.append(GanttPlot("", horizontal: axis, vertical: axis, rows: [], kinds: [], spans: []))
    }
    plots.append(confusion(names: many))
    plots.append(confusion(names: ["one"]))
    plots.append(TreePlot(hostile, classes: [hostile], steps: [], leaf: [0]))
    plots.append(
      TreePlot(
        hostile, classes: many,
        steps: (0..<40).map { _ in
          .init(
            test: hostile, value: hostile, counts: many.map { _ in 1 }, taken: .init(hostile, images: 1),
            other: .init(hostile, images: 0), takesLeft: true)
        }, leaf: many.map { _ in 0 }))
    plots.append(
      BarPlot("many", horizontal: percent, vertical: Axis("class"), bars: many.map { .init($0, 0.5) }))
    plots.append(
      ScatterPlot(
        "many", horizontal: percent, vertical: percent, groups: many.map { .init($0, [PlotPoint(0.5, 0.5)]) }))
    return plots
  }()

  static let picture: Picture = {
    var (bytes, values): ([UInt8], [Double]) = ([], [])
    for row in 0..<28 {
      for column in 0..<28 {
        bytes.append(UInt8((column * 9 + row * 3) % 256))
        values.append(Double(row * column))
      }
    }
    let image = Picture(bytes, shape: ImageShape(height: 28, width: 28, channels: 1))
    let map = Picture(values: values, height: 28, width: 28)
    let pictures: [Picture] = (0..<12).map { $0 % 2 == 0 ? image : image.overlaid(with: map) }
    return Picture.sheet(pictures.map { $0.scaled(by: 3) }, columns: 6)
  }()

  static let page: HTMLPage = {
    let table = HTMLTable(
      "Models on the 10,000 test images",
      columns: [
        .init("model", .text), .init("parameters", .text), .init("accuracy", .number), .init("95 % interval", .number),
        .init("training (s)", .number), .init("images/s", .number),
      ],
      rows: [
        ["cnn", "64-128-256 filters, 4 epochs", "92.77 %", "92.25 to 93.26", "74.0", "7,690"],
        ["forest", "300 trees", "87.99 %", "87.34 to 88.61", "4.0", "48,100"],
        ["knn", "7 neighbors", "85.40 %", "84.69 to 86.08", "0.0", "9,870"],
      ], emphasized: 0)
    let results = HTMLSection(
      "results", title: "Results",
      [
        .cards([
          .init("accuracy", "92.77 %", remark: "95 % interval: 92.25 to 93.26"),
          .init("automation", "81.3 %", remark: "at 98 % precision"),
          .init("training", "74 s"), .init("size on disk", "2.1 MB"),
        ]),
        .statements([
          .init("478", "more of the 10,000 test images are classified correctly by the network than by the forest."),
          .init(
            "p < 0.001", "is the probability of such a difference between equal models (" + .code("McNemar") + ")."),
        ]),
        .table(table), .figure(.init("curves", lines, caption: "The band is the 95 % interval of each epoch.")),
        .note(
          "The test images were not used for choices: " + .strong("every choice") + " was made on hold-out images."),
      ],
      subsections: [
        HTMLSection(
          "results-classes", title: "By class",
          [
            .paragraph("Shirts are the hardest; see " + .link("the data", to: "data") + "."),
            .gallery([
              .init("recall", bars, caption: "Recall with 95 % intervals."),
              .init("confusion", confusion(names: clothes), caption: "A row for each true class."),
            ]),
          ])
      ])
    let data = HTMLSection(
      "data", title: "Data",
      [
        .definitions([.init("images", "70,000"), .init("shape", "28 x 28, gray"), .init(hostile, "\(hostile)")]),
        .figure(
          .init(
            "samples", picture, alternative: "Twelve images in two rows", caption: "Images, and maps over them.",
            scale: ColorScale(Axis("attention"), map: .viridis))),
        .list(["first", "second"]), .code("atelier report latest > \(hostile)"),
        .details(
          summary: "How it was measured",
          [.paragraph("On two cores."), .figure(.init("gantt", gantt, caption: "Workers."))]),
      ])
    return HTMLPage(
      title: "Fashion-MNIST: what the models learned",
      subtitle: "Four models, 60,000 training images, and what to do with them.",
      sections: [results, data], footer: "Written by atelier.")
  }()
}
