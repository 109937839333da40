internal import Datasets
internal import Evaluation
internal import Text

extension DataChapter {
  /// The distribution of pixel values.
  var pixels: HTMLSection {
    let (train, test) = (exploration.trainHistogram, exploration.testHistogram)
    let channelNames = train.counts.count == 3 ? ["red", "green", "blue"] : [""]
    let figures = train.counts.indices.map { channel in
      HTMLFigure(
        Identifier("data-histogram-\(channel + 1)"),
        histogram(
          train.counts[channel], test.counts[channel], name: channelNames[min(channel, channelNames.count - 1)]),
        caption:
          """
          Pixels by value, without zeros: \(NumberText.percent(train.zeroFractions[channel])) of the training pixels \
          are zero.
          """
      )
    }
    return HTMLSection("data-pixels", title: "Pixels", [.gallery(figures), .statements(statements)])
  }

  /// Bins of 16 values each. Zero, the background in many data sets, is left out because it would dwarf all other bins.
  private func histogram(_ train: [Int], _ test: [Int], name: String) -> Histogram {
    func fractions(_ counts: [Int]) -> [Double] {
      let total = Double(max(counts.reduce(0, +), 1))
      return stride(from: 0, to: 256, by: 16).map { first in
        Double(counts[max(first, 1)..<first + 16].reduce(0, +)) / total
      }
    }
    return Histogram(
      name.isEmpty ? "Pixel values" : "Pixel values, \(name)", horizontal: Axis("pixel value"),
      vertical: Axis("fraction of pixels", format: .percent), edges: stride(from: 0.0, through: 256, by: 16).map { $0 },
      series: [Histogram.Series("training images", fractions(train)), Histogram.Series("test images", fractions(test))])
  }

  /// The means of training and test images side by side: a large difference means that the two sets are not alike.
  private var statements: [HTMLStatement] {
    let (train, test) = (exploration.summary.train, exploration.summary.test)
    return train.mean.indices.map { channel in
      HTMLStatement(
        NumberText.fixed(train.mean[channel], decimals: 1),
        HTMLText(
          """
          is the mean pixel value of the training images\(train.mean.count > 1 ? " in channel \(channel + 1)" : "") \
          (standard deviation \(NumberText.fixed(train.deviation[channel], decimals: 1))); that of the test images is \
          \(NumberText.fixed(test.mean[channel], decimals: 1)).
          """))
    }
  }
}
