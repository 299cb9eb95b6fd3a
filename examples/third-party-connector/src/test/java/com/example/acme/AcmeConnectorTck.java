package com.example.acme;

import io.procrastinate.tck.ConnectorTck;

class AcmeConnectorTck extends ConnectorTck {

    AcmeConnectorTck() {
        super("acme");
    }
}
