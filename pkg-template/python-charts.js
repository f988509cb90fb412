// Makes charts visible that execd would drop: it keeps a cell's value and no display. Run once in a Python context.

export const PYTHON_CHARTS = `
def _opensandbox_charts():
    import io
    import matplotlib
    # The inline backend would display the figures, and execd would drop them.
    matplotlib.use("agg")
    import matplotlib.pyplot as plt
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure

    shell = get_ipython()
    png = shell.display_formatter.formatters["image/png"]

    def draw(figure):
        out = io.BytesIO()
        figure.savefig(out, format="png", bbox_inches="tight")
        return out.getvalue()

    def figure_of(value):
        if isinstance(value, Figure):
            return value
        if isinstance(value, Artist):
            return figure_of(value.get_figure())
        if isinstance(value, (list, tuple)) or type(value).__name__ == "ndarray":
            # What plotting gives: lines, bars, arrays of axes, or (numbers, edges, bars).
            for item in list(value)[:8]:
                found = figure_of(item)
                if found is not None:
                    return found
        return None

    def chart(value):
        figure = figure_of(value)
        return None if figure is None else draw(figure)

    class Charts:
        """The figures that plt.show() would have displayed."""

        def __init__(self, figures):
            self.figures = figures

        def __repr__(self):
            return f"<{len(self.figures)} chart{'' if len(self.figures) == 1 else 's'}>"

        def _repr_png_(self):
            return self.figures[0] if self.figures else None

        def _repr_html_(self):
            from base64 import b64encode
            if len(self.figures) < 2:
                return None
            return "".join(
                f'<img src="data:image/png;base64,{b64encode(figure).decode()}">' for figure in self.figures
            )

    def show(*_, **__):
        figures = [draw(plt.figure(number)) for number in plt.get_fignums()]
        plt.close("all")
        return Charts(figures) if figures else None

    for type_ in (Figure, Artist, list, tuple):
        png.for_type(type_, chart)
    png.for_type_by_name("numpy", "ndarray", chart)
    plt.show = show
    # A cell begins with no figure, as with the inline backend.
    shell.events.register("post_run_cell", lambda _: plt.close("all"))


_opensandbox_charts()
del _opensandbox_charts
`;
