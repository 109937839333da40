internal import Datasets
internal import Evaluation

extension DataChapter {
  /// How bright pixels are.
  var pixels: HTMLSection {
    let (train, test) = (exploration.trainHistogram, exploration.testHistogram)
    let channelNames = train.counts.count == 3 ? ["red", "green", "blue"] : [""]
    let figures = train.counts.indices.map { channel in
      HTMLFigure(
        Identifier("data-histogram-\(channel + 1)"),
        histogram(
          train.counts[channel], test.counts[channel], name: channelNames[min(channel, channelNames.count - 1)]),
        caption:
          "Shares of pixels by value, zero left out: \(zeros(train.zeroShares[channel])) of the training pixels are zero."
      )
    }
    return HTMLSection("data-pixels", title: "Pixels", [.gallery(figures), .statements(statements)])
  }

  private func zeros(_ share: Double) -> String { NumberText.percent(share) }

  /// Bins of sixteen values each; zero, the background of many data sets, would hide all others.
  private func histogram(_ train: [Int], _ test: [Int], name: String) -> Histogram {
    func shares(_ counts: [Int]) -> [Double] {
      let total = Double(max(counts.reduce(0, +), 1))
      return stride(from: 0, to: 256, by: 16).map { first in
        Double(counts[max(first, 1)..<first + 16].reduce(0, +)) / total
      }
    }
    return Histogram(
      name.isEmpty ? "Pixel values" : "Pixel values, \(name)", horizontal: Axis("pixel value"),
      vertical: Axis("share of pixels", format: .percent), edges: stride(from: 0.0, through: 256, by: 16).map { $0 },
      series: [Histogram.Series("training images", shares(train)), Histogram.Series("test images", shares(test))])
  }

  /// Means of training and test images, side by side: far apart, they are not of the same kind.
  private var statements: [HTMLStatement] {
    let (train, test) = (exploration.summary.train, exploration.summary.test)
    return train.mean.indices.map { channel in
      HTMLStatement(
        NumberText.fixed(train.mean[channel], decimals: 1),
        HTMLText(
          "is the mean of the training pixels\(train.mean.count > 1 ? " of channel \(channel + 1)" : ""), with a deviation of \(NumberText.fixed(train.deviation[channel], decimals: 1)); in the test images it is \(NumberText.fixed(test.mean[channel], decimals: 1))."
        ))
    }
  }
}
