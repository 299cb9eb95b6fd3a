package io.procrastinate.examples;

import io.procrastinate.App;
import io.procrastinate.task.Task;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.concurrent.CompletionStage;

/** A task that returns a stage: no thread waits, however many pages are being loaded. */
final class Crawler {

    record Page(URI address) {}

    private final HttpClient client = HttpClient.newHttpClient();
    private final Task<Page> fetch;

    Crawler(App app) {
        fetch = app.task("fetch", Page.class).call(this::get);
    }

    private CompletionStage<String> get(Page page) {
        return client.sendAsync(HttpRequest.newBuilder(page.address()).build(), BodyHandlers.ofString())
                .thenApply(response -> response.statusCode() + ": " + response.body());
    }

    long fetch(URI address) {
        return fetch.defer(new Page(address));
    }
}
