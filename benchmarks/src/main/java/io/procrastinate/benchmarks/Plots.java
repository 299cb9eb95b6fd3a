package io.procrastinate.benchmarks;

import io.procrastinate.benchmarks.Figure.Better;
import java.awt.Color;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jfree.chart.ChartFactory;
import org.jfree.chart.ChartUtils;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.axis.LogarithmicAxis;
import org.jfree.chart.plot.CategoryPlot;
import org.jfree.chart.plot.PlotOrientation;
import org.jfree.chart.plot.ValueMarker;
import org.jfree.chart.renderer.category.BarRenderer;
import org.jfree.chart.renderer.category.StandardBarPainter;
import org.jfree.data.category.DefaultCategoryDataset;

/** Draws the ratios, one picture for each measurement and unit, with its variants side by side. */
final class Plots {

    private static final int WIDTH = 1_000;
    private static final int ROW_HEIGHT = 18;
    private static final int FRAME = 150;
    private static final Color[] COLOURS = {
        new Color(0x3366AA), new Color(0xCC7722), new Color(0x559955), new Color(0x994477), new Color(0x888888)
    };

    private final Results results;

    Plots(Results results) {
        this.results = results;
    }

    /** Writes PNG files into a folder. */
    void write(Path folder) throws IOException {
        Files.createDirectories(folder);
        Map<String, List<Figure>> pictures = new LinkedHashMap<>();
        for (Figure figure : results.figures()) {
            pictures.computeIfAbsent(figure.measure() + " " + figure.unit(), any -> new ArrayList<>())
                    .add(figure);
        }
        for (Map.Entry<String, List<Figure>> picture : pictures.entrySet()) {
            String file = picture.getKey().toLowerCase(java.util.Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
            draw(picture.getValue(), folder.resolve(file + ".png").toFile());
        }
    }

    private void draw(List<Figure> figures, File file) throws IOException {
        Figure first = figures.get(0);
        Optional<String> reference = Report.reference(results, first);
        if (reference.isEmpty()) {
            return;
        }
        boolean fetch = first.measure().equals("fetch");
        DefaultCategoryDataset data = new DefaultCategoryDataset();
        for (Figure figure : figures) {
            for (String system : Report.ranked(results, figure)) {
                if (fetch && system.equals(reference.get())) {
                    continue;
                }
                results.ratio(figure, system, reference.get()).ifPresent(ratio -> {
                    if (fetch) {
                        data.addValue(ratio.median(), "backlog", figure.variant());
                    } else {
                        data.addValue(ratio.median(), figure.variant(), system);
                    }
                });
            }
        }
        if (data.getColumnCount() == 0) {
            return;
        }
        String better = first.better() == Better.MORE ? "more is better" : "less is better";
        JFreeChart chart = ChartFactory.createBarChart(
                first.measure() + ": " + first.unit() + " (" + better + ")",
                null,
                first.unit() + ", as a multiple of " + reference.get() + " (median of the rounds' ratios)",
                data,
                PlotOrientation.HORIZONTAL,
                figures.size() > 1 && !fetch,
                false,
                false);
        style(chart, data);
        int rows = data.getColumnCount() * (data.getRowCount() + 1);
        ChartUtils.saveChartAsPNG(file, chart, WIDTH, FRAME + ROW_HEIGHT * rows);
    }

    private static void style(JFreeChart chart, DefaultCategoryDataset data) {
        CategoryPlot plot = chart.getCategoryPlot();
        plot.setBackgroundPaint(Color.WHITE);
        plot.setRangeGridlinePaint(Color.LIGHT_GRAY);
        plot.addRangeMarker(new ValueMarker(1.0, Color.BLACK, new java.awt.BasicStroke(1.5f)));
        if (spread(data) > 20) {
            LogarithmicAxis axis = new LogarithmicAxis(plot.getRangeAxis().getLabel() + ", logarithmic");
            axis.setStrictValuesFlag(false);
            plot.setRangeAxis(axis);
        }
        BarRenderer bars = (BarRenderer) plot.getRenderer();
        bars.setBarPainter(new StandardBarPainter());
        bars.setShadowVisible(false);
        for (int series = 0; series < data.getRowCount(); series++) {
            bars.setSeriesPaint(series, COLOURS[series % COLOURS.length]);
        }
    }

    private static double spread(DefaultCategoryDataset data) {
        double least = Double.MAX_VALUE;
        double most = 0;
        for (int row = 0; row < data.getRowCount(); row++) {
            for (int column = 0; column < data.getColumnCount(); column++) {
                Number value = data.getValue(row, column);
                if (value != null) {
                    least = Math.min(least, value.doubleValue());
                    most = Math.max(most, value.doubleValue());
                }
            }
        }
        return most / least;
    }
}
