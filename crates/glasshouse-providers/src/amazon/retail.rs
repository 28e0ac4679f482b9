//! Tables of the shop.

use crate::TreeEntry;
use crate::formats::sheet::{Names, Place, Sheet, key};
use glasshouse_model::{Family, MomentRole};

pub(super) const ORDERS: &str = "orders";
pub(super) const DIGITAL: &str = "digital-orders";
pub(super) const REFUNDS: &str = "refunds";
pub(super) const CART: &str = "cart";
pub(super) const SEARCHES: &str = "searches";
pub(super) const VIEWS: &str = "product-views";
pub(super) const GIFT_CARDS: &str = "gift-cards";
pub(super) const DELIVERY_PHOTOS: &str = "delivery-photos";

/// Says whether an entry is a picture beside the tables of deliveries.
pub(super) fn is_delivery_photo(entry: &TreeEntry) -> bool {
    key(entry.dir()).contains("photoondelivery") && matches!(entry.extension().as_str(), "jpg" | "jpeg" | "png")
}

const fn at_address(names: Names) -> Place {
    Place { address: names, ..Sheet::NONE.place }
}

pub(super) static SHEETS: &[Sheet] = &[
    Sheet {
        format: ORDERS,
        family: Family::Purchase,
        needs: &[
            &["Order ID"],
            &["Order Date"],
            &["ASIN", "ASIN/ISBN"],
            &["Product Name", "Title"],
            &["Shipping Address", "Ship Date", "Shipment Date", "Carrier Name & Tracking Number"],
        ],
        moments: &[(MomentRole::Created, &["Order Date"]), (MomentRole::Sent, &["Ship Date", "Shipment Date"])],
        title: &["Product Name", "Title"],
        place: at_address(&["Shipping Address", "Shipping Address Name"]),
        conversation: &["Order ID"],
        same: &[
            &["Order ID"],
            &["ASIN"],
            &["Product Name"],
            &["Order Date"],
            &["Ship Date"],
            &["Original Quantity"],
            &["Unit Price"],
            &["Total Amount"],
            &["Carrier Name & Tracking Number"],
            &["Item Serial Number"],
            &["Order Status"],
            &["Shipment Status"],
        ],
        known: &[
            &["Website"],
            &["Currency"],
            &["ASIN", "ASIN/ISBN"],
            &["Original Quantity", "Quantity"],
            &["Unit Price", "Purchase Price Per Unit"],
            &["Unit Price Tax"],
            &["Total Amount", "Total Owed", "Item Total"],
            &["Total Discounts"],
            &["Shipping Charge"],
            &["Shipment Item Subtotal"],
            &["Shipment Item Subtotal Tax"],
            &["Shipping Option"],
            &["Order Status"],
            &["Shipment Status"],
            &["Billing Address"],
            &["Payment Method Type", "Payment Instrument Type", "Payment Method"],
            &["Carrier Name & Tracking Number", "Carrier Name And Tracking Number"],
            &["Gift Message"],
            &["Gift Sender Name"],
            &["Gift Recipient Contact", "Gift Recipient Contact Details"],
            &["Item Serial Number"],
            &["Product Condition", "Condition"],
            &["Purchase Order Number"],
            &["Department"],
        ],
        ..Sheet::NONE
    },
    Sheet {
        format: DIGITAL,
        family: Family::Purchase,
        needs: &[
            &["Order Date", "Fulfilled Date"],
            &["Digital Order Item Id", "Delivery Packet Id", "Digital Order Item Type", "Quantity Ordered"],
        ],
        moments: &[(MomentRole::Created, &["Order Date"]), (MomentRole::Received, &["Fulfilled Date"])],
        title: &["Title", "Product Name"],
        conversation: &["Order ID"],
        same: &[&["Digital Order Item Id"], &["Order ID"], &["ASIN"], &["Order Date"]],
        known: &[
            &["ASIN"],
            &["DigitalOrderItemId"],
            &["OrderId"],
            &["Marketplace"],
            &["OurPrice"],
            &["OurPriceCurrencyCode"],
            &["OurPriceTax"],
            &["BaseCurrencyCode"],
            &["Price"],
            &["Price Currency Code"],
            &["Transaction Amount"],
            &["Quantity Ordered", "Original Quantity"],
            &["Order Status"],
            &["Gift Item"],
            &["List Price Amount"],
            &["SellerOfRecord"],
            &["Publisher"],
        ],
        ..Sheet::NONE
    },
    Sheet {
        format: REFUNDS,
        family: Family::Payment,
        needs: &[
            &["Order ID"],
            &["Refund Amount", "AmountRefunded", "Return Amount", "ReturnReason", "Return Reason Code"],
        ],
        moments: &[
            (MomentRole::Observed, &["Refund Date", "RefundCompletionDate", "Date of Return", "Return Date"]),
            (MomentRole::Created, &["Creation Date", "Return Creation Date", "ReturnRequestDate"]),
        ],
        title: &["Product Name", "Title"],
        conversation: &["Order ID"],
        same: &[
            &["Order ID"],
            &["Refund Date"],
            &["Creation Date"],
            &["Refund Amount"],
            &["Disbursement Type"],
            &["Payment Status"],
            &["Quantity"],
            &["ASIN"],
        ],
        known: &[
            &["Currency", "Base Currency Code", "Return Amount Currency"],
            &["Refund Amount", "AmountRefunded", "Return Amount"],
            &["Direct Debit Refund Amount"],
            &["Disbursement Type"],
            &["Payment Status"],
            &["Quantity"],
            &["Reversal Amount State"],
            &["Reversal Reason", "ReturnReason", "Return Reason Code"],
            &["Reversal Status", "Return Resolution"],
            &["Return Receivable State"],
            &["Website"],
            &["ASIN"],
        ],
        ..Sheet::NONE
    },
    Sheet {
        format: CART,
        family: Family::Activity,
        needs: &[&["Date Added to Cart", "Add Date", "DateAddedToCart"], &["ASIN"]],
        moments: &[(MomentRole::Observed, &["Date Added to Cart", "Add Date"])],
        title: &["Product Name"],
        known: &[
            &["ASIN"],
            &["Add-on Item"],
            &["Cart Domain"],
            &["Cart List"],
            &["Cart Source"],
            &["Gift Wrapped"],
            &["One-Click Enabled"],
            &["Order Quantity", "Cart Amount"],
            &["Pantry Item"],
            &["Prime Subscription"],
        ],
        ..Sheet::NONE
    },
    Sheet {
        format: SEARCHES,
        family: Family::Search,
        needs: &[
            &["Keywords", "First Search Query String", "Search Query"],
            &["First Search Time (GMT)", "Last search Time (GMT)", "First Search Time"],
        ],
        moments: &[
            (MomentRole::Start, &["First Search Time (GMT)", "First Search Time"]),
            (MomentRole::End, &["Last search Time (GMT)", "Last Search Time"]),
        ],
        text: &[&["Keywords", "First Search Query String", "Search Query"]],
        known: SEARCH_COLUMNS,
        ..Sheet::NONE
    },
    Sheet {
        format: VIEWS,
        family: Family::WebVisit,
        needs: &[&["ASIN"], &["product_name"], &["creation_date"], &["user_agent", "root_uri", "http_referer"]],
        moments: &[(MomentRole::Observed, &["creation_date"])],
        title: &["product_name"],
        known: &[
            &["marketplace_id"],
            &["ASIN"],
            &["customer_country_code"],
            &["customer_state"],
            &["customer_city"],
            &["customer_district"],
            &["customer_postal_code"],
            &["customer_ip"],
            &["promised_delivery_date"],
            &["device_type"],
            &["website_list_price"],
            &["website_list_price_currency_code"],
            &["shipping_charge_value"],
            &["shipping_charge_unit"],
            &["merchant_asin_price"],
            &["merchant_asin_price_currency_code"],
            &["root_uri"],
            &["user_agent"],
            &["http_referer"],
            &["is_business_customer"],
            &["is_prime_customer"],
        ],
        ..Sheet::NONE
    },
    Sheet {
        format: GIFT_CARDS,
        family: Family::Payment,
        needs: &[&["serialNumber"], &["transactionDate"], &["transactionAmount"]],
        moments: &[(MomentRole::Observed, &["transactionDate"])],
        title: &["transactionType"],
        known: &[&["serialNumber"], &["transactionAmount"], &["currencyCode"]],
        ..Sheet::NONE
    },
];

/// Tables of the shop that their place tells.
pub(super) static OPEN: &[Sheet] = &[Sheet {
    format: DELIVERY_PHOTOS,
    family: Family::Media,
    path: &[&["PhotoOnDelivery"]],
    open: true,
    ..Sheet::NONE
}];

const SEARCH_COLUMNS: &[Names] = &[
    &["Added Any Item (Y/N)"],
    &["All Department (APS) or Category"],
    &["Amazon Business Customer (Y/N)"],
    &["Amazon Fresh (Y/N)"],
    &["Amazon Fresh Customer (Y/N)"],
    &["App Version"],
    &["Application / Browser Name"],
    &["Application Name"],
    &["Browse Node"],
    &["Clicked Any Item (Y/N)"],
    &["Country Code"],
    &["Customer IP"],
    &["Department"],
    &["Department Count"],
    &["Device Category"],
    &["Device Model"],
    &["Device Type ID"],
    &["First Added Item"],
    &["First Browse Node"],
    &["First Consumed Item (Subscription)"],
    &["First Purchased Item"],
    &["First Search Domain"],
    &["Free Units Ordered"],
    &["Highest Number of Shopping Refinements"],
    &["Is First Search From External Ad"],
    &["Is From External Link (Y/N)"],
    &["Item Borrowed (Y/N)"],
    &["Items Borrowed"],
    &["Items Consumed (Subscription)"],
    &["Language of Preference"],
    &["Last Browse Node"],
    &["Last Department"],
    &["Maximum Purchase Price"],
    &["Music Subscriber (Y/N)"],
    &["Next Query Group via Click"],
    &["Number of Clicked Items"],
    &["Number of Free Items Ordered"],
    &["Number of Items Added to Cart"],
    &["Number of Items Ordered"],
    &["Number of Paid Items Ordered"],
    &["Number of Shopping Refinements"],
    &["Operating System Name"],
    &["Operating System Version"],
    &["Paid Purchase (Y/N)"],
    &["Paid Units Ordered"],
    &["Prime Customer (Y/N)"],
    &["Purchased Any Item (Y/N)"],
    &["Query Abandoned (Y/N)"],
    &["Query ID"],
    &["Query Reformulated (Y/N)"],
    &["Search From External Site (Y/N)"],
    &["Search Method"],
    &["Search Type (Keyword,Visual,Browse)"],
    &["Server"],
    &["Session ID"],
    &["Shopping Refinement"],
    &["Shopping Refinement Pickers"],
    &["Site Variant"],
    &["Units Ordered"],
    &["User Agent Info Family"],
];
